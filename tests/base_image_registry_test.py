"""How Pants gets at base images: with credentials, over a bad network, and never twice."""

import base64
import json
import re
import uuid
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator

import pytest
from base_image_registry import BaseImages
from base_images import Member, layer, tar
from docker_registry import (
    IDENTITY_TOKEN,
    PASSWORD,
    USER,
    Fault,
    FaultProxy,
    TokenServer,
    basic_auth,
    docker_registry,
)
from repository import Repository

ON = 'docker_image(name="on-{name}", base=":{name}", files={{"/own": "own"}})\n'

#: Where the credentials for each private registry come from.
SOURCES = ("basic-auths", "basic-helper", "basic-store", "token-auths", "token-helper")


def _add(images: BaseImages, name: str) -> None:
    """An image of two layers that no cache has."""
    images.add(f"private/{name}", [layer(tar(Member(str(uuid.uuid4())))) for _ in range(2)])


class TestCredentials:
    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: pytest.TempPathFactory) -> TokenServer:
        return TokenServer(tmp_path_factory.mktemp("token"))

    @pytest.fixture(scope="class")
    def hosts(self, base_images: BaseImages, server: TokenServer) -> Iterator[Dict[str, str]]:
        """A private registry for each source."""
        basic = basic_auth(base_images.storage.parent)
        with ExitStack() as stack:
            token = stack.enter_context(server.serving())
            auths = {name: token if name.startswith("token") else basic for name in SOURCES}
            yield {
                name: stack.enter_context(docker_registry(base_images.storage, auths[name]))
                for name in SOURCES
            }

    @pytest.fixture(scope="class")
    def with_credentials(
        self,
        repository: Repository,
        hosts: Dict[str, str],
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Repository:
        """The repository of somebody who has credentials in all of these places."""
        home = tmp_path_factory.mktemp("docker_config")
        password = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        config = {
            "auths": {hosts[name]: {"auth": password} for name in SOURCES if "auths" in name},
            "credHelpers": {hosts["basic-helper"]: "password", hosts["token-helper"]: "token"},
            "credsStore": f"only-{'store'}",
        }
        (home / "config.json").write_text(json.dumps(config))
        _helper(home, "password", USER, PASSWORD)
        _helper(home, "token", "<token>", IDENTITY_TOKEN)
        _helper(home, "only-store", USER, PASSWORD, hosts["basic-store"])
        path = f"{home}:{repository.environ['PATH']}"
        environ = {**repository.environ, "DOCKER_CONFIG": str(home), "PATH": path}
        return replace(repository, environ=environ)

    def test_from_auths_helpers_and_a_store(
        self,
        with_credentials: Repository,
        base_images: BaseImages,
        hosts: Dict[str, str],
        server: TokenServer,
    ) -> None:
        build_file = ""
        for name in SOURCES:
            _add(base_images, name)
            build_file += base_images.target(f"private/{name}", host=hosts[name])
            build_file += ON.format(name=name)
        with with_credentials.declared("private", build_file) as directory:
            run = with_credentials.pants("package", "private:")
            assert {f"on-{name}.tar" for name in SOURCES} <= {
                file.name for file in directory.iterdir()
            }
        assert set(server.requests) == {("GET", "password"), ("POST", "identity token")}
        assert PASSWORD not in run.stderr and IDENTITY_TOKEN not in run.stderr

    def test_none(
        self, repository: Repository, base_images: BaseImages, hosts: Dict[str, str]
    ) -> None:
        _add(base_images, "nobody")
        host = hosts["basic-auths"]
        target = base_images.target("private/nobody", host=host) + ON.format(name="nobody")
        with repository.declared("nobody", target):
            error = repository.failing_pants("package", "nobody:on-nobody")
        assert f"`base_image` nobody:nobody: {host}/private/nobody@" in error
        assert f"{host}: HTTP status 401 Unauthorized" in error
        assert f"`docker login {host}` with an account that may pull it." in error


def _helper(directory: Path, name: str, user: str, secret: str, only_for: str = "") -> None:
    answer = json.dumps({"ServerURL": "", "Username": user, "Secret": secret})
    path = directory / f"docker-credential-{name}"
    path.write_text(
        f"""#!/bin/sh
read -r host
case "$host" in
    *{only_for}*) echo '{answer}' ;;
    *) echo "credentials not found in native keychain"; exit 1 ;;
esac
"""
    )
    path.chmod(0o755)


class TestBadNetwork:
    def test_is_recovered_from(self, repository: Repository, base_images: BaseImages) -> None:
        _add(base_images, "shaky")
        proxy = FaultProxy(base_images.host)
        proxy.faults = [
            Fault("429", status=429, headers={"Retry_After": "1"}),
            Fault("cut in the middle", cut=40),
            Fault("500", status=500),
        ]
        with proxy.serving() as host:
            target = base_images.target("private/shaky", host=host) + ON.format(name="shaky")
            with repository.declared("shaky", target):
                repository.pants("package", "shaky:on-shaky")
        assert proxy.faults == []

    def test_no_wrong_byte_is_accepted(
        self, repository: Repository, base_images: BaseImages
    ) -> None:
        _add(base_images, "wrong")
        proxy = FaultProxy(base_images.host)
        layers = base_images.layers("private/wrong")
        proxy.path = layers[1]["digest"]
        proxy.faults = [Fault("wrong byte", flip=30)]
        with proxy.serving() as host:
            target = base_images.target("private/wrong", host=host) + ON.format(name="wrong")
            with repository.declared("wrong", target):
                error = repository.failing_pants("package", "wrong:on-wrong")
                expected = proxy.path.partition(":")[2]
                assert re.search(rf"{host}: its \d+ bytes have .* instead of {expected}\. ", error)
                # What was wrong is kept nowhere.
                repository.pants("package", "wrong:on-wrong")


class TestCache:
    """What one has pulled, nobody else pulls: not with other credentials, from a registry of
    another name or through a mirror. Here the registry can't even be reached."""

    @pytest.fixture(scope="class")
    def build_file(self, repository: Repository, base_images: BaseImages) -> str:
        """What has been packaged, but from another registry, under another name."""
        _add(base_images, "cached")
        build_file = base_images.target("private/cached") + ON.format(name="cached")
        with repository.declared("cached", build_file):
            repository.pants("package", "cached:")
        return build_file.replace(f"{base_images.host}/private", "registry.example/other")

    def test_neither_host_nor_credentials_are_in_the_keys(
        self, build_file: str, repository: Repository, tmp_path: Path
    ) -> None:
        config = {"auths": {"registry.example": {"username": USER, "password": PASSWORD}}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        somebody = replace(
            repository, environ={**repository.environ, "DOCKER_CONFIG": str(tmp_path)}
        )
        mirrors = '--lading-registry-mirrors={"registry.example": ["mirror.example"]}'
        with repository.declared("elsewhere", build_file):
            run = somebody.pants(
                *("--no-pantsd", "-ldebug", "--stats-log", mirrors, "package", "elsewhere:")
            )
        # One finds the caches in which it is noted where images may come from, once for each
        # start of Pants. The other one writes the archive, which no cache has.
        assert len(re.findall(r"Starting: Finding where Pants keeps", run.stderr)) == 1
        assert run.processes == 2, run.stderr
