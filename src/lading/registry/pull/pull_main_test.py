import base64
import gzip
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, Mapping

import pytest

from lading.compression.zstd_testing import zstd
from lading.image.config.platform import Platform
from lading.image.reference import Repository
from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply
from lading.registry.http.origin import ORIGIN_DIR, ORIGIN_FILE, origin_to_json
from lading.registry.pull.pull_main import main
from lading.registry.pull.pull_request import (
    BlobRequest,
    ImageRequest,
    TagRequest,
    request_from_json,
)
from lading.registry.reference import Reference
from lading.registry.registry_testing import Guarded, RegistryServer, config, sha256
from lading.runtime import program_files
from lading.runtime.machine import Machine
from lading.runtime.program import USER_ERROR, error_sentence
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import to_json

BODY = b"layer" * 50_000


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with FaultyServer() as server:
        yield RegistryServer(server)


@pytest.fixture(autouse=True)
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    monkeypatch.chdir(sandbox)
    for name in ("HOME", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "nobody"))
    return sandbox


def put(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def from_(registry: RegistryServer) -> None:
    put(f"{ORIGIN_DIR}/{ORIGIN_FILE}", origin_to_json(Repository.parse(registry.name)))


def pull(request: Any) -> Mapping[str, bytes]:
    put("request.json", to_json(request))
    main(["request.json", "out/pulled"])
    return {path.name: path.read_bytes() for path in Path("out/pulled").iterdir()}


def test_manifest_and_config(registry: RegistryServer) -> None:
    content = registry.image()
    from_(registry)
    pulled = pull(ImageRequest(sha256(content), Platform("linux", "amd64")))
    assert pulled == {
        "manifest.json": content,
        "config.json": config(1),
        "platform.json": b'"linux/amd64"\n',
    }
    assert os.listdir("out") == ["pulled"]


def test_a_blob(registry: RegistryServer) -> None:
    from_(registry)
    request = BlobRequest(
        registry.blob(BODY, Ranged(body=BODY, cut=9), Ranged(body=BODY)), len(BODY)
    )
    assert pull(request) == {"blob": BODY, "compression": b""}


@pytest.mark.parametrize(
    ("blob", "compression"), [(gzip.compress(BODY), b"+gzip"), (zstd(BODY), b"+zstd")]
)
def test_how_a_blob_is_compressed(
    registry: RegistryServer, blob: bytes, compression: bytes
) -> None:
    from_(registry)
    pulled = pull(BlobRequest(registry.blob(blob), len(blob)))
    assert pulled == {"blob": blob, "compression": compression}


def test_a_blob_that_the_machine_has_is_not_asked_for(registry: RegistryServer) -> None:
    from_(registry)
    Path(".lading/cache").mkdir()
    request = BlobRequest(registry.blob(BODY), len(BODY))
    pull(request)
    cached = Path(".lading/cache/downloads", request.digest.hex)
    assert cached.read_bytes() == BODY
    shutil.rmtree("out/pulled")
    assert pull(request)["blob"] == BODY
    assert len(registry.server.requests) == 1
    cached.write_bytes(b"damaged")
    shutil.rmtree("out/pulled")
    assert pull(request)["blob"] == BODY
    assert len(registry.server.requests) == 2


def test_a_failed_pull_leaves_nothing(registry: RegistryServer) -> None:
    from_(registry)
    digest = registry.blob(BODY, Reply(body=BODY[::-1]))
    with pytest.raises(LadingError, match="bytes have the SHA-256"):
        pull(BlobRequest(digest, len(BODY)))
    assert os.listdir("out") == []


def test_without_an_origin_it_is_told_why() -> None:
    with pytest.raises(LadingError, match="exclude such processes from remote execution"):
        pull(BlobRequest(sha256(b""), 0))


def test_requests_name_neither_registry_nor_machine() -> None:
    """So two machines with two mirrors share the cache entry of a blob."""
    digest = Sha256("0" * 64)
    blob = BlobRequest(digest, 5)
    image = ImageRequest(digest, Platform("linux", "arm64", "v8"))
    assert json.loads(to_json(blob)) == {"digest": str(digest), "size": 5}
    assert json.loads(to_json(image)) == {"digest": str(digest), "platform": "linux/arm64/v8"}
    assert request_from_json(to_json(blob)) == blob
    assert request_from_json(to_json(image)) == image


def test_the_program_has_nothing_in_it_of_how_images_are_built() -> None:
    """A change of that code must not pull every base again."""
    program = program_files.program_files("lading.registry.pull.pull_main")
    assert [name for name in program if "/image/" in name] == [
        "lading/image/__init__.py",
        "lading/image/config/__init__.py",
        "lading/image/config/config_type.py",
        "lading/image/config/go_json.py",
        "lading/image/config/platform.py",
        "lading/image/config/ports.py",
        "lading/image/reference.py",
    ]


def test_as_a_program_with_the_machine_beside_it(registry: RegistryServer, tmp_path: Path) -> None:
    """In the empty environment of a sandbox, with the machine's mirror and credentials."""
    with FaultyServer("127.0.0.2") as server:
        mirror = RegistryServer(server)
        mirror.blob(BODY, Reply(500))
        machine = Machine(
            {"DOCKER_CONFIG": str(tmp_path), "PATH": "/usr/bin:/bin"},
            registry_mirrors={registry.host: (mirror.host,)},
        )
        put(".lading/machine/machine.json", to_json(machine))
        put(str(tmp_path / "config.json"), json.dumps({"credsStore": "none"}))
        from_(registry)
        digest = registry.blob(BODY, Reply(404))
        put("request.json", to_json(BlobRequest(digest, len(BODY))))
        library = str(Path(program_files.__file__).parents[2])
        program = [
            sys.executable,
            "-B",
            "-m",
            "lading.registry.pull.pull_main",
            "request.json",
            "out",
        ]
        ended = subprocess.run(
            program, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": library}
        )
    assert ended.returncode == USER_ERROR, ended.stderr
    assert re.match(
        rf"{registry.name}@{digest} could not be pulled. {mirror.host}: HTTP status 500 .*; "
        rf"{registry.host}: HTTP status 404",
        error_sentence(ended.stderr),
    )
    assert not Path("out").exists()


def test_what_is_used_is_logged_without_secrets(
    registry: RegistryServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    auth = base64.b64encode(b"me:s3cret").decode()
    login = tmp_path / "config.json"
    login.write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
    moved = registry.server.serve("/moved?signature=s3cret", Reply(body=BODY))
    redirect = Reply(302, headers={"Location": moved})
    digest = registry.blob(
        BODY, Guarded(challenge="Basic realm=x", authorization=f"Basic {auth}", inner=redirect)
    )
    with FaultyServer("127.0.0.2") as server:
        mirror = RegistryServer(server)
        machine = Machine(
            {"DOCKER_CONFIG": str(tmp_path)}, registry_mirrors={registry.host: (mirror.host,)}
        )
        put(".lading/machine/machine.json", to_json(machine))
        from_(registry)
        Path(".lading/cache").mkdir()
        with caplog.at_level(logging.DEBUG, logger="lading"):
            for _ in range(2):
                assert pull(BlobRequest(digest, len(BODY)))["blob"] == BODY
                shutil.rmtree("out/pulled")
        blob = f"/v2/team/app/blobs/{digest}"
    assert [record.getMessage() for record in caplog.records] == [
        f"GET http://{mirror.host}{blob}: 404",
        f"GET http://{registry.host}{blob}: 401",
        f"{registry.host}: credentials: those for {registry.host} in {login} were used",
        f"GET http://{registry.host}{blob} with credentials: 302",
        f"http://{registry.host}{blob} redirects to http://{registry.host}/moved?...",
        f"GET http://{registry.host}/moved?... with credentials: 200",
        f"blob was downloaded before: {digest}",
    ]


def test_what_a_tag_names_now(registry: RegistryServer) -> None:
    digest = registry.manifest(b"{}", tag="1")
    request = TagRequest(Reference.parse(f"{registry.name}:1"))
    assert request_from_json(to_json(request)) == request
    assert pull(request) == {"digest": str(digest).encode()}
    with pytest.raises(LadingError, match=f"{registry.name}:2 could not be pulled"):
        put("request.json", to_json(TagRequest(Reference.parse(f"{registry.name}:2"))))
        main(["request.json", "out/other"])
    assert os.listdir("out") == ["pulled"]
