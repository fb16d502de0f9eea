"""A cache that machines share: what one has built, no other builds (docs/remote-cache.md)."""

import os
import re
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Optional, Tuple

import pytest
from another_user import AnotherUser
from base_image_registry import BaseImages
from base_images import layer
from cache_faults import FailingProxy
from cache_servers import CacheServer
from conftest import BUILD_ROOT, unavailable, writing_to
from counting_proxy import CountingProxy
from image_archive import layers
from repository import Repository, copy_work_tree, with_own_caches

#: On a base that is pulled, and on that with commands.
ON_BASE = """
docker_image(
    name="redis",
    base=":debian",
    contents=["//3rdparty/redis"],
    cmd=["redis-server"],
)

docker_image(
    name="commands",
    base=":redis",
    run_as_root="id > /id",
)
"""

TARGETS = ("//images:redis", "shared:redis", "shared:commands")

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


def reading_from(address: str, content: str) -> Tuple[str, ...]:
    """Options of Pants; `content` is its `cache_content_behavior`."""
    return (
        "--remote-cache-read",
        f"--remote-store-address=grpc://{address}",
        f"--cache-content-behavior={content}",
        "--stats-log",
    )


@pytest.fixture(scope="module")
def on_base(base_images: BaseImages, small_debian_tar: bytes) -> str:
    base_images.add("shared/debian", [layer(small_debian_tar)])
    return base_images.target("shared/debian") + ON_BASE


@pytest.fixture(scope="module")
def buildgrid(buildgrid_server: Optional[CacheServer]) -> CacheServer:
    return buildgrid_server or unavailable("There is no BuildGrid, which tests/run exports.")


@pytest.fixture(scope="module")
def casd(casd_server: Optional[CacheServer]) -> CacheServer:
    return casd_server or unavailable("There is no buildbox-casd, which tests/run exports.")


class TestSecondClone:
    """In another directory, of another user, with empty caches."""

    def test_of_another_user_from_buildgrid(
        self,
        repository: Repository,
        buildgrid: CacheServer,
        other_user: AnotherUser,
        on_base: str,
        tmp_path: Path,
    ) -> None:
        # Without what other tests have built, and the server was never told of.
        environ = {**repository.environ, "PANTS_LOCAL_STORE_DIR": str(tmp_path / "store")}
        first = replace(repository, environ=environ)
        caches = with_own_caches({}, other_user.directory / "caches of the second")
        second = other_user.repository(BUILD_ROOT, "second clone", caches)
        _check_that_nothing_is_built(first, second, buildgrid, on_base)

    def test_of_root_from_casd_what_another_user_built(
        self, elsewhere: Repository, casd: CacheServer, on_base: str, tmp_path: Path
    ) -> None:
        copy_work_tree(BUILD_ROOT, tmp_path / "third clone")
        second = Repository(tmp_path / "third clone", with_own_caches(os.environ, tmp_path))
        _check_that_nothing_is_built(elsewhere, second, casd, on_base)


def _check_that_nothing_is_built(
    first: Repository, second: Repository, server: CacheServer, on_base: str
) -> None:
    with ExitStack() as stack:
        for repository in (first, second):
            stack.enter_context(repository.declared("shared", on_base))
        first.pants("--remote-cache-read", *writing_to(server), "package", *TARGETS)
        stack.callback(second.stop_pantsd)
        already_told = server.log.stat().st_size
        proxy = CountingProxy(server.address)
        with proxy.serving() as address:
            run = second.pants(*reading_from(address, "validate"), "package", *TARGETS)

    assert "Starting: " not in run.stderr
    asked = run.counter("remote_cache_requests")
    assert run.counter("remote_cache_requests_cached") == asked > 0
    # What is said of the machine is written down at each start of Pants, and is never cached.
    assert run.processes == run.counter("local_cache_requests") - asked
    told = server.log.read_text(errors="replace")[already_told:]
    assert len(re.findall("GetActionResult", told)) >= asked
    assert "UpdateActionResult" not in told

    blobs = set()
    for name in ("images/redis.tar", "shared/redis.tar", "shared/commands.tar"):
        archive = second.root / "dist" / name
        assert archive.read_bytes() == (first.root / "dist" / name).read_bytes()
        blobs.update(layers(archive))
    # What the images share is received once.
    size = sum(map(len, blobs))
    assert size < proxy.received <= 1.2 * size + 1_000_000


class TestFaultyServer:
    """With `fetch`, Pants' default, a server is trusted with nothing."""

    @pytest.fixture(scope="class")
    def archive(self, repository: Repository, buildgrid: CacheServer) -> Iterator[bytes]:
        with repository.declared("small", SMALL) as directory:
            repository.pants(*writing_to(buildgrid), "package", "small:image")
            yield (directory / "image.tar").read_bytes()

    @pytest.fixture
    def cold(self, repository: Repository, tmp_path: Path) -> Repository:
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
            # Before the first download: Pants has no timeout for what it waits for in one.
            ("hangs", 3_000),
        ],
    )
    def test_the_build_goes_on_and_is_right(
        self, cold: Repository, archive: bytes, buildgrid: CacheServer, fault: str, good: int
    ) -> None:
        proxy = FailingProxy(buildgrid.address, fault, good)
        with proxy.serving() as address:
            run = cold.pants(*reading_from(address, "fetch"), *PATIENCE, "package", "small:image")
        assert proxy.has_failed.is_set()
        assert run.built == ["numbers-1", "reference-1"]
        assert (cold.root / "dist/small/image.tar").read_bytes() == archive

    def test_wrong_bytes_are_not_believed(
        self, cold: Repository, archive: bytes, buildgrid: CacheServer, tmp_path: Path
    ) -> None:
        copy = tmp_path / "image.tar"
        copy.write_bytes(archive)
        largest = max(layers(copy), key=len)
        blob = buildgrid.blob(largest)
        blob.write_bytes(largest[:1000] + b"?" + largest[1001:])
        try:
            cold.pants(*reading_from(buildgrid.address, "fetch"), "package", "small:image")
        finally:
            blob.write_bytes(largest)
        assert (cold.root / "dist/small/image.tar").read_bytes() == archive

    def test_what_was_promised_and_never_came_fails_and_is_built_without_the_server(
        self, cold: Repository, archive: bytes, buildgrid: CacheServer
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
