"""//images:redis-server in the programs that people use images with."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import pytest
from conftest import ContainerEngine
from image_archive import layers
from redis_container import RedisCli, RedisImage

GLIBC_LIBRARIES = """
    libanl.so.1 libc.so.6 libdl.so.2 libgcc_s.so.1 libm.so.6 libnss_dns.so.2 libnss_files.so.2
    libpthread.so.0 libresolv.so.2 librt.so.1 libutil.so.1
""".split()

REDIS_LINKS = ("redis-check-aof", "redis-check-rdb", "redis-sentinel")

LOADERS = {"linux/amd64": "ld-linux-x86-64.so.2", "linux/arm64": "ld-linux-aarch64.so.1"}


@pytest.fixture(scope="session")
def archive(images: Path) -> Path:
    return images / "redis-server.tar"


@pytest.fixture(scope="session")
def description(images: Path) -> Dict[str, Any]:
    parsed: Dict[str, Any] = json.loads((images / "redis-server.json").read_text())
    return parsed


@pytest.fixture(scope="session")
def members(archive: Path) -> List[List[tarfile.TarInfo]]:
    """Those of each layer."""
    found = []
    for blob in layers(archive):
        with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as inner:
            found.append(inner.getmembers())
    return found


class TestContainer:
    def test_of_docker(
        self, docker: ContainerEngine, redis_cli: RedisCli, archive: Path, description: Any
    ) -> None:
        loaded = docker("load", "--input", str(archive))
        assert "Loaded image: redis:7.0.15-server\n" in loaded
        assert docker("image", "inspect", "--format={{.Id}}", "redis:7.0.15-server").strip() == (
            description["image"]["id"]
        )
        _serves(docker, redis_cli, description["image"]["id"])

    def test_rules_img_333_of_podman(
        self, podman: ContainerEngine, redis_cli: RedisCli, archive: Path, description: Any
    ) -> None:
        loaded = podman("load", "--input", str(archive))
        assert "/redis:7.0.15-server\n" in loaded
        _serves(podman, redis_cli, description["image"]["id"].partition(":")[2])


def _serves(engine: ContainerEngine, redis_cli: RedisCli, image: str) -> None:
    """redis answers from outside, and ends well when it is asked to."""
    with RedisImage(engine, redis_cli, image).serving() as container:
        assert container("set", "cargo", "tea") == "OK"
        assert container("get", "cargo") == "tea"
        assert container.terminate() == 0, container.logs()


@pytest.mark.parametrize("transport", ["docker-archive", "oci-archive"])
def test_skopeo_reads_it_as(
    transport: str, skopeo: ContainerEngine, archive: Path, description: Any
) -> None:
    name = f"{transport}:{archive}"
    config = skopeo("inspect", "--config", "--raw", name)
    assert _sha256(config) == description["image"]["id"]
    diff_ids = [layer["diff_id"] for layer in description["layers"]]
    assert json.loads(config)["rootfs"]["diff_ids"] == diff_ids
    if transport == "oci-archive":
        manifest = skopeo("inspect", "--raw", name)
        assert _sha256(manifest) == description["image"]["digest"]
        assert [(layer["digest"], layer["size"]) for layer in json.loads(manifest)["layers"]] == [
            (layer["digest"], layer["size"]) for layer in description["layers"]
        ]


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_archive_has_at_most_three_megabytes(archive: Path, description: Any) -> None:
    assert archive.stat().st_size == description["archive"]["size"] <= 3_000_000


def test_all_files(members: List[List[tarfile.TarInfo]], description: Any) -> None:
    paths = {package["name"]: package["path"] for package in description["closure"]}
    assert sorted(paths) == ["glibc-2.36", "redis-7.0.15"]
    glibc, redis = paths["glibc-2.36"], paths["redis-7.0.15"]
    libraries = [*GLIBC_LIBRARIES, LOADERS[description["platform"]]]
    programs = ["redis-cli", "redis-server"]
    expected = {
        "/bin": "directory 0755",
        "/store": "directory 0755",
        "/tmp": "directory 1777",
        "/var": "directory 0755",
        "/var/tmp": "directory 1777",
        glibc: "directory 0555",
        f"{glibc}/lib": "directory 0555",
        **{f"{glibc}/lib/{name}": "file" for name in libraries},
        redis: "directory 0555",
        f"{redis}/bin": "directory 0555",
        **{f"{redis}/bin/{name}": "file" for name in programs},
        **{f"{redis}/bin/{name}": "-> redis-server" for name in REDIS_LINKS},
        **{f"/bin/{name}": f"-> {redis}/bin/{name}" for name in (*programs, *REDIS_LINKS)},
    }
    assert [len(layer) for layer in members] == [
        *(1 + len([path for path in expected if path.startswith(root)]) for root in (glibc, redis)),
        len([path for path in expected if not path.startswith("/store/")]),
    ]
    found = {f"/{member.name}": _what(member) for layer in members for member in layer}
    assert found == expected


def _what(member: tarfile.TarInfo) -> str:
    if member.issym():
        return f"-> {member.linkname}"
    if member.isdir():
        return f"directory {member.mode:04o}"
    assert member.isreg()
    return "file"


def test_members_are_unique_and_behind_their_directories(
    members: List[List[tarfile.TarInfo]],
) -> None:
    for layer in members:
        names = [member.name for member in layer]
        assert len(set(names)) == len(names)
        for index, name in enumerate(names):
            parent = name.rpartition("/")[0]
            assert not parent or parent in names[:index], name


def test_members_have_nothing_of_the_machine(members: List[List[tarfile.TarInfo]]) -> None:
    def facts(member: tarfile.TarInfo) -> Tuple[object, ...]:
        return (member.uid, member.gid, member.uname, member.gname, member.mtime)

    files = [member for layer in members for member in layer]
    assert {facts(member) for member in files} == {(0, 0, "", "", 1)}
    assert {oct(member.mode) for member in files if member.isreg()} == {"0o444", "0o555"}


def test_members_are_sorted(members: List[List[tarfile.TarInfo]]) -> None:
    for layer in members:
        names = [member.name for member in layer]
        assert names == _sorted(names)


def _sorted(names: Iterable[str]) -> List[str]:
    return sorted(names, key=lambda name: name.split("/"))
