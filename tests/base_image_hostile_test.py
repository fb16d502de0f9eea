"""Bases that somebody made to do harm: refused in a sentence, or harmless."""

import os
import tarfile
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Tuple

import pytest
from base_image_costs import watched
from base_image_registry import BaseImages
from base_images import (
    DOCKER,
    Layer,
    Member,
    compress,
    digest_of,
    directory,
    hard_link,
    layer,
    link,
    tar,
)
from image_archive import root_file_system
from repository import Repository

IMAGE = """
docker_image(
    name="on-{name}",
    base=":{name}",
    files={{"/own": "own"}},
    run_as_root="cat /own > /seen",
)
"""


def _layers(outside: Path) -> Dict[str, Sequence[Member]]:
    """What is in layers that go for files in the directory `outside`, by name."""
    path = str(outside)
    up = "../" * 40 + path.lstrip("/")
    return {
        "absolute": [Member(f"{path}/written")],
        "through-a-link": [link("out", path), Member("out/written")],
        "through-a-relative-link": [link("out", up), Member("out/written")],
        "through-links-to-links": [
            *(link("first", "second/third"), link("second", "/"), link("third", path)),
            Member("first/written"),
        ],
        "over-a-link": [link("out", f"{path}/written"), Member("/out", b"through it")],
        "whiteout-through-a-link": [link("out", path), Member("out/.wh.secret")],
        "opaque-through-a-link": [link("out", path), Member("out/.wh..wh..opq")],
        "devices": [
            Member("block", type=tarfile.BLKTYPE),
            Member("characters", type=tarfile.CHRTYPE),
            Member("pipe", type=tarfile.FIFOTYPE),
        ],
        "upwards": [Member(f"{up}/written")],
        "upwards-inside": [directory("a"), Member(f"a/{up}/written")],
        "hard-link": [hard_link("hard", f"{path}/secret"), Member("/hard", b"through it")],
        "hard-link-upwards": [hard_link("hard", f"{up}/secret")],
        "hard-link-through-a-link": [link("out", path), hard_link("hard", "out/secret")],
        "whiteout-upwards": [Member(f"{up}/.wh.secret")],
        "whiteout-of-dots": [Member("a/.wh..")],
        "link-to-itself": [link("loop", "loop"), Member("loop/written")],
        "unknown-type": [Member("odd", type=b"Z")],
    }


#: Those that nobody needs to refuse.
HARMLESS = ("absolute", "over-a-link", "devices", "upwards", "upwards-inside", "whiteout-upwards")

# As docker sees it, where each layer is unpacked by itself.
_NO_TARGET = "/out is a link to nothing in its layer"

_NO_SOURCE = "which does not come before it in the layer"

#: What is said of the others.
REFUSED = {
    "through-a-link": _NO_TARGET,
    "through-a-relative-link": _NO_TARGET,
    "through-links-to-links": "/first is a link to nothing in its layer",
    "whiteout-through-a-link": _NO_TARGET,
    "opaque-through-a-link": _NO_TARGET,
    "hard-link": _NO_SOURCE,
    "hard-link-upwards": _NO_SOURCE,
    "hard-link-through-a-link": "it is a hard link to /out/secret, which does not come before it",
    "whiteout-of-dots": "has /a/.wh.., a whiteout that names no file. Choose another base.",
    "link-to-itself": "has /loop/written, which can't be unpacked: /loop is a link to nothing",
    "unknown-type": "has /odd of the type 'Z', which docker, podman and containerd don't unpack.",
}

SECRET = "seen by nobody"

#: Bytes that the bombs become.
BOMB_SIZE = 10 << 30

#: Most bytes of memory and of disk that a bomb may take.
MEMORY_LIMIT, DISK_LIMIT = 200 << 20, 2 << 30


def _bomb(compression: str) -> bytes:
    """Files of a gibibyte of zeros, in tar, compressed: members of gzip and frames of zstd may
    follow each other."""
    member = tarfile.TarInfo("zeros")
    member.size = 1 << 30
    zeros = compress(bytes(1 << 26), compression, level=9)
    file = compress(member.tobuf(), compression) + zeros * (member.size >> 26)
    return file * (BOMB_SIZE // member.size)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a secret, which nobody reads or changes."""
    directory = tmp_path_factory.mktemp("outside")
    (directory / "secret").write_text(SECRET)
    return directory


@pytest.fixture(scope="module")
def hostile(
    repository: Repository, base_images: BaseImages, small_debian_tar: bytes, outside: Path
) -> Iterator[Path]:
    """The directory in dist/ of `IMAGE` on each base."""
    small = layer(small_debian_tar)
    for name, members in _layers(outside).items():
        base_images.add(f"hostile/{name}", [small, layer(tar(*members))])
    for compression in ("gzip", "zstd"):
        bomb = Layer(_bomb(compression), compression, digest_of(b""))
        base_images.add(f"hostile/bomb-{compression}", [small, bomb])
    foreign = Layer(small.content, "foreign", small.diff_id)
    base_images.store("hostile/foreign", base_images.layout.image([foreign], DOCKER))
    paths = [path for path in base_images.digests if path.startswith("hostile/")]
    names = [path.partition("/")[2] for path in paths]
    targets = [*map(base_images.target, paths), *(IMAGE.format(name=name) for name in names)]
    with repository.declared("hostile", "".join(targets)) as directory:
        yield directory


@pytest.fixture(autouse=True)
def nothing_happens_outside(outside: Path) -> Iterator[None]:
    before = _state(outside)
    yield
    assert _state(outside) == before


def _state(directory: Path) -> Tuple[List[str], str, int, int]:
    secret = directory / "secret"
    state = secret.stat()
    return sorted(os.listdir(directory)), secret.read_text(), state.st_nlink, state.st_mtime_ns


def test_what_is_harmless_is_built_on(hostile: Path, repository: Repository) -> None:
    repository.pants("package", *(f"hostile:on-{name}" for name in HARMLESS))
    secret = digest_of(SECRET.encode()).partition(":")[2]
    for name in HARMLESS:
        files = root_file_system(hostile / f"on-{name}.tar")
        assert "seen" in files
        assert secret not in {file.sha256 for file in files.values()}, name


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_is_refused(name: str, hostile: Path, repository: Repository) -> None:
    error = repository.failing_pants("package", f"hostile:on-{name}")
    assert f"`base_image` hostile:{name}: the layer sha256:" in error
    assert REFUSED[name] in error


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_bomb_takes_little_memory_and_disk(
    compression: str, hostile: Path, repository: Repository
) -> None:
    sandboxes = Path(repository.environ["PANTS_LOCAL_EXECUTION_ROOT_DIR"])
    with watched(repository, sandboxes) as costs:
        error = repository.failing_pants("package", f"hostile:on-bomb-{compression}")
    assert "If you trust it, set `[lading].max_unpacked_size` to more, such as '20 GB'." in error
    assert 0 < costs.memory < MEMORY_LIMIT
    assert costs.disk < DISK_LIMIT


def test_a_foreign_layer_is_refused(hostile: Path, repository: Repository) -> None:
    error = repository.failing_pants("package", "hostile:on-foreign")
    assert "is of the type application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" in error
