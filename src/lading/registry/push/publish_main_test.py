import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

import lading
from lading.registry.push.publish_request import images_of_request
from lading.registry.push.writable_registry_testing import Fault, WritableRegistry
from lading.registry.registry_testing import OCI_MANIFEST, config, index, manifest, sha256
from lading.runtime.program import USER_ERROR
from lading.values.errors import LadingError

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


def request(*repositories: str, **fields: Any) -> str:
    image: Dict[str, Any] = {
        "name": "//images:a",
        "manifest": "image/manifest.json",
        "config": "image/config.json",
        "layers": [{"path": "image/layer"}],
        "destinations": [{"repository": one, "tags": ["1.0"]} for one in repositories],
        **fields,
    }
    return json.dumps({"images": [image]})


def publish(sandbox: Path, text: str) -> "subprocess.CompletedProcess[str]":
    (sandbox / "request.json").write_text(text)
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
    (result,) = json.loads((sandbox / "out/it.json").read_text())["destinations"]
    assert (result["digest"], result["requests"]) == (str(sha256(MANIFEST)), 1)
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
    "text, reason",
    [
        (request("Registry.example/App"), "'Registry.example/App'"),
        (request(destinations=[{"repository": "app", "tags": ["-x"]}]), "'-x'"),
        (request("app", layers=[{"path": "image/config.json"}]), "image/config.json has "),
        (request("app", layers=[{"path": "image/layer", "origin": "UPPER"}]), "'UPPER'"),
    ],
)
def test_a_request_that_the_user_can_mend(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    monkeypatch.chdir(sandbox)
    with pytest.raises(LadingError) as raised:
        images_of_request(text)
    assert reason in str(raised.value)


def test_a_layer_that_was_changed(sandbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sandbox)
    (sandbox / "image/layer").write_bytes(LAYER + b"x")
    with pytest.raises(LadingError) as raised:
        images_of_request(request("app"))
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
        images_of_request(request("app"))


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
        (image,) = images_of_request(request("app"))
        assert image.files.media_type == media_type
