import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator

import pytest

import lading
from lading.registry.auth.credentials import CredentialSource
from lading.registry.push.publish import Registries
from lading.registry.push.publish import publish as publish_image
from lading.registry.push.publish_request import ImageToPublish
from lading.registry.push.writable_registry_testing import Fault, WritableRegistry
from lading.registry.registry_testing import OCI_MANIFEST, config, index, manifest, sha256
from lading.runtime.machine import Machine
from lading.runtime.program import USER_ERROR
from lading.values.errors import LadingError
from lading.values.json_codec import to_json

LAYER = b"a layer"
MANIFEST = manifest(config(), [LAYER], mediaType=OCI_MANIFEST)


@pytest.fixture
def registry() -> Iterator[WritableRegistry]:
    with WritableRegistry() as registry:
        yield registry


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    (tmp_path / "image").mkdir()
    (tmp_path / "image/layer").write_bytes(LAYER)
    (tmp_path / "image/config.json").write_bytes(config())
    (tmp_path / "image/manifest.json").write_bytes(MANIFEST)
    return tmp_path


def request(*repositories: str, **fields: Any) -> ImageToPublish:
    image = ImageToPublish(
        "//images:a",
        "image/manifest.json",
        "image/config.json",
        ("image/layer",),
        repositories,
        ("1.0",),
    )
    return replace(image, **fields)


def publish(sandbox: Path, request: ImageToPublish) -> "subprocess.CompletedProcess[str]":
    (sandbox / "request.json").write_text(to_json(request))
    return subprocess.run(
        [
            sys.executable,
            "-B",
            "-m",
            "lading.registry.push.publish_main",
            "request.json",
            "out/it.json",
        ],
        cwd=sandbox,
        env={
            "PYTHONPATH": os.path.dirname(os.path.dirname(lading.__file__)),
            "HOME": str(sandbox),
            "PATH": "/usr/bin:/bin",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_names_are_printed_and_the_result_written(
    registry: WritableRegistry, sandbox: Path
) -> None:
    (sandbox / ".lading/cache").mkdir(parents=True)
    for outcome in ("blobs 2 pushed (148 B)", "unchanged"):
        done = publish(sandbox, request(f"{registry.host}/app"))
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{registry.host}/app:1.0@{sha256(MANIFEST)}\n"
        line = f"{registry.host}/app@{sha256(MANIFEST)} as 1.0: {outcome}\n"
        assert done.stderr.endswith(line)
    result = json.loads((sandbox / "out/it.json").read_text())
    assert result["digest"] == str(sha256(MANIFEST))
    assert [one["requests"] for one in result["destinations"]] == [1]
    noted = sandbox / ".lading/cache/pushed" / registry.host / sha256(LAYER).hex
    assert noted.read_text() == "app"


def test_what_failed_is_told_last_and_the_rest_is_printed(
    registry: WritableRegistry, sandbox: Path
) -> None:
    registry.faults = [Fault("POST", "/broken/", status=403, error="DENIED")] * 2
    done = publish(sandbox, request(f"{registry.host}/broken", f"{registry.host}/app"))
    assert done.returncode == USER_ERROR
    assert done.stdout == f"{registry.host}/app:1.0@{sha256(MANIFEST)}\n"
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        f"lading: error: //images:a: {registry.host}/broken could not be pushed. {registry.host}, "
    )
    results = json.loads((sandbox / "out/it.json").read_text())["destinations"]
    assert [one["error"] is None for one in results] == [False, True]


@pytest.mark.parametrize(
    "image, reason",
    [
        (request("Registry.example/App"), "'Registry.example/App'"),
        (request("app", tags=("-x",)), "'-x'"),
        (request("app", layers=("image/config.json",)), "image/config.json has "),
        (request("app", origin="UPPER", pulled_layers=1), "'UPPER'"),
    ],
)
def test_a_request_that_the_user_can_fix(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch, image: ImageToPublish, reason: str
) -> None:
    monkeypatch.chdir(sandbox)
    registries = Registries(Machine({}), CredentialSource({}), print)
    with pytest.raises(LadingError) as raised:
        publish_image(image, registries)
    assert reason in str(raised.value)


def test_a_layer_that_was_changed(sandbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sandbox)
    (sandbox / "image/layer").write_bytes(LAYER + b"x")
    with pytest.raises(LadingError) as raised:
        request("app").files()
    assert str(raised.value) == (
        "image/layer has 8 bytes, where the manifest says 7: it was changed after it was built. "
        "Build the image again."
    )


@pytest.mark.parametrize("content", [index((MANIFEST, None)), manifest(config(), [])])
def test_a_request_that_does_not_fit_its_manifest(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(sandbox)
    (sandbox / "image/manifest.json").write_bytes(content)
    with pytest.raises(ValueError, match="is not the manifest of 1 layers"):
        request("app").files()


def test_the_media_type_is_that_of_the_manifest(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sandbox)
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    for media_type, fields in (
        (OCI_MANIFEST, {}),
        (OCI_MANIFEST, {"mediaType": OCI_MANIFEST}),
        (docker, {"mediaType": docker}),
    ):
        content = manifest(config(), [LAYER], **fields)
        (sandbox / "image/manifest.json").write_bytes(content)
        assert request("app").files().media_type == media_type
