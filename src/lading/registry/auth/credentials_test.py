import json
import os
from pathlib import Path
from typing import Any, Mapping

import pytest

from lading.registry.auth.credential import IdentityToken, Password
from lading.registry.auth.credentials import CredentialSource, Found

HOST = "a.example"


class Home:
    """A home directory with a docker config and programs on the PATH."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.config = directory / ".docker/config.json"
        self.environment: Mapping[str, str] = {
            "HOME": str(directory),
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
        }

    def configure(self, **fields: Any) -> None:
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text(json.dumps(fields))

    def helper(self, name: str, script: str) -> None:
        program = self.bin / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def answering(self, name: str, username: str = "me", secret: str = "secret") -> None:
        """It also records how it was called."""
        answer = json.dumps({"ServerURL": HOST, "Username": username, "Secret": secret})
        self.helper(name, f"echo \"$1 $(cat) $PWD\" >> $HOME/called; echo '{answer}'")

    @property
    def called(self) -> str:
        return (self.directory / "called").read_text()

    def find(self, host: str = HOST, path: str = "ns/repo", directory: str = "") -> Found:
        return CredentialSource(self.environment, directory).find(host, path)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def entry(name: str) -> Mapping[str, str]:
    return {"username": name, "password": "secret"}


def test_without_a_file_there_are_none(home: Home) -> None:
    assert home.find() == Found(None, "there is no file with credentials")


def test_docker_login(home: Home) -> None:
    home.configure(auths={HOST: entry("me"), "b.example": entry("you")})
    assert home.find() == Found(
        Password("me", "secret"), f"those for {HOST} in {home.config} were used"
    )
    assert home.find("c.example").looked == f"{home.config} has none for c.example"


def test_docker_hub_is_known_by_its_old_address(home: Home) -> None:
    home.configure(auths={"https://index.docker.io/v1/": entry("me")})
    assert home.find("docker.io", "library/debian").credential == Password("me", "secret")


def test_ggcr_2411_credentials_of_a_repository(home: Home) -> None:
    home.configure(auths={HOST: entry("host"), f"{HOST}/ns": entry("namespace")})
    assert home.find(path="ns/repo").credential == Password("namespace", "secret")
    assert home.find(path="other/repo").credential == Password("host", "secret")


def test_helper_goes_before_store_and_store_before_auths(home: Home) -> None:
    fields = {"credsStore": "store", "auths": {HOST: entry("auths")}}
    home.configure(credHelpers={HOST: "one"}, **fields)
    home.answering("one", "helper")
    home.answering("store", "store")
    assert home.find().credential == Password("helper", "secret")
    assert home.find("b.example").credential == Password("store", "secret")
    home.configure(auths=fields["auths"])
    assert home.find().credential == Password("auths", "secret")


@pytest.mark.parametrize(
    "script, reason",
    [
        # rules_oci#731, #750, #816
        (None, "is not on the PATH"),
        ("echo 'credentials not found in native keychain'; exit 1", "has no credentials for it"),
        ("echo secret; exit 3", "failed with status 3"),
        ("echo secret", "did not answer in JSON"),
        ("echo '[\"secret\"]'", "did not answer with an object"),
        ('echo \'{"Username": "me"}\'', "gave no user name and secret"),
        ('echo \'{"Username": "", "Secret": ""}\'', "gave no user name and secret"),
    ],
)
def test_a_helper_that_gives_none_is_passed_over_and_told(
    home: Home, script: Any, reason: str
) -> None:
    home.configure(credsStore="x", auths={HOST: {}})
    if script:
        home.helper("x", script)
    found = home.find()
    assert found.credential is None
    assert found.looked == (
        f"`docker-credential-x` of {home.config} {reason}; {home.config} has none for {HOST}"
    )
    home.configure(credHelpers={HOST: "x"}, auths={HOST: entry("me")})
    assert home.find().credential == Password("me", "secret")


def test_a_helper_that_can_not_be_run_is_passed_over(home: Home) -> None:
    home.configure(credsStore="x")
    home.helper("x", "")
    (home.bin / "docker-credential-x").write_text("#!/none/sh\n")
    assert "can't be run: No such file" in home.find().looked
    home.configure(credsStore="../x")
    assert "is not on the PATH" in home.find().looked


def test_rules_oci_896_helpers_run_in_the_build_root(home: Home, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    home.configure(credsStore="x")
    home.answering("x")
    home.find("docker.io", "library/debian", str(root))
    assert home.called == f"get https://index.docker.io/v1/ {root}\n"
    home.find(directory="/nonexistent")
    assert home.called.endswith(f"get {HOST} {os.getcwd()}\n")


def test_a_helper_may_give_an_identity_token(home: Home) -> None:
    home.configure(credsStore="x")
    home.answering("x", "<token>")
    assert home.find().credential == IdentityToken("<token>", "secret")


def test_the_files_of_podman_count_too(home: Home) -> None:
    home.configure(auths={})
    podman = home.directory / ".config/containers/auth.json"
    podman.parent.mkdir(parents=True)
    podman.write_text(json.dumps({"auths": {f"{HOST}/ns/repo": entry("podman")}}))
    assert home.find().credential == Password("podman", "secret")
    assert "were used" in home.find().looked
