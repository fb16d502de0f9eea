"""A shared cache that fails (docs/remote-cache.md): the build goes on, and is right.

With `fetch`, Pants' default, a server is trusted with nothing.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest
from cache_faults import FailingProxy
from cache_servers import CacheServer, reading_from
from conftest import writing_to
from image_archive import layers
from repository import Repository, with_own_caches

#: What needs nothing but a build root, and is built in seconds.
SMALL = """
store_package(
    name="numbers",
    version="1",
    script="seq 1 900000 > $out/numbers",
)

store_package(
    name="reference",
    version="1",
    script="echo $numbers > $out/reference",
    dependencies=[":numbers"],
)

docker_image(name="image", contents=[":reference"])
"""

#: For tests, which have no big blobs.
PATIENCE = ("--remote-store-rpc-timeout-millis=2000", "--remote-store-rpc-retries=1")


@pytest.fixture(scope="module")
def archive(repository: Repository, buildgrid: CacheServer) -> Iterator[bytes]:
    with repository.declared("small", SMALL) as directory:
        repository.pants(*writing_to(buildgrid), "package", "small:image")
        yield (directory / "image.tar").read_bytes()


@pytest.fixture
def cold(repository: Repository, tmp_path: Path) -> Repository:
    """The repository without what Pants has cached; downloads and build roots are there."""
    named_caches = repository.environ["PANTS_NAMED_CACHES_DIR"]
    environ = {
        **with_own_caches(repository.environ, tmp_path),
        "PANTS_NAMED_CACHES_DIR": named_caches,
    }
    shutil.rmtree(repository.root / "dist/small", ignore_errors=True)
    return replace(repository, environ=environ)


@pytest.mark.parametrize(
    "fault, good",
    [
        ("dies", 500_000),
        ("garbage", 500_000),
        # Once it is connected, and before any answer: these tell of what is downloaded at once, and
        # Pants has no timeout for what it waits for in a download.
        ("hangs", 50),
    ],
)
def test_the_build_goes_on_and_is_right(
    cold: Repository, archive: bytes, buildgrid: CacheServer, fault: str, good: int
) -> None:
    proxy = FailingProxy(buildgrid.address, fault, good)
    with proxy.serving() as address:
        run = cold.pants(*reading_from(address, "fetch"), *PATIENCE, "package", "small:image")
    assert proxy.has_failed.is_set()
    assert run.built == ["numbers-1", "reference-1"]
    assert (cold.root / "dist/small/image.tar").read_bytes() == archive


def test_wrong_bytes_are_not_believed(
    cold: Repository, archive: bytes, buildgrid: CacheServer, tmp_path: Path
) -> None:
    copy = tmp_path / "image.tar"
    copy.write_bytes(archive)
    largest = max(layers(copy), key=len)
    blob = buildgrid.blob(largest)
    blob.write_bytes(largest[:1000] + b"?" + largest[1001:])
    try:
        run = cold.pants(*reading_from(buildgrid.address, "fetch"), "package", "small:image")
    finally:
        blob.write_bytes(largest)
    assert run.counter("remote_cache_requests_cached") > 0
    assert "Starting: Compressing numbers-1" in run.stderr
    assert (cold.root / "dist/small/image.tar").read_bytes() == archive


def test_what_was_promised_and_never_came_fails_and_is_built_without_the_server(
    cold: Repository, archive: bytes, buildgrid: CacheServer
) -> None:
    """pants#16667"""
    proxy = FailingProxy(buildgrid.address, "dies", good=len(archive) // 2)
    with proxy.serving() as address:
        options = reading_from(address, "validate")
        assert cold.try_pants(*options, "package", "small:image").returncode == 1
        assert proxy.has_failed.is_set()
        assert not (cold.root / "dist/small/image.tar").exists()
        run = cold.pants(*options, "--no-remote-cache-read", "package", "small:image")
    assert run.built == ["numbers-1", "reference-1"]
    assert (cold.root / "dist/small/image.tar").read_bytes() == archive
