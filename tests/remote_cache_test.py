"""A cache that machines share: what one has built, no other builds (docs/remote-cache.md)."""

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Optional

import pytest
from another_user import AnotherUser
from base_image_registry import BaseImages
from base_images import layer
from cache_servers import CacheServer, reading_from
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

#: A package that is built in seconds.
SMALL = """
store_package(
    name="numbers",
    version="1",
    script="seq 1 900000 > $out/numbers",
)

docker_image(
    name="numbers-image",
    base=":debian",
    contents=[":numbers"],
    run_as_root="id > /id",
)
"""

#: On a busy machine, the server may take longer to answer than Lading waits before it runs the
#: program as well, and than Pants waits at all. Neither time is in a key.
PATIENCE = (
    "pants-plugins/lading_pants/engine/program.py",
    "_SPECULATION_DELAY_MILLIS = 1000\n",
    "_SPECULATION_DELAY_MILLIS = 600_000\n",
)
RPC_PATIENCE = "--remote-cache-rpc-timeout-millis=60000"


@pytest.fixture(scope="module")
def debian_base(base_images: BaseImages, small_debian_tar: bytes) -> str:
    """The text of a `base_image` named debian."""
    base_images.add("shared/debian", [layer(small_debian_tar)])
    return base_images.target("shared/debian")


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
        debian_base: str,
        tmp_path: Path,
    ) -> None:
        # Without what has been built before, and the server does not know.
        environ = {**repository.environ, "PANTS_LOCAL_STORE_DIR": str(tmp_path / "store")}
        first = replace(repository, environ=environ)
        caches = with_own_caches({}, other_user.directory / "caches of the second")
        second = other_user.repository(BUILD_ROOT, "second clone", caches)
        build = debian_base + SMALL
        _check_that_nothing_is_built(first, second, buildgrid, build, "shared:numbers-image")

    def test_of_root_from_casd_what_another_user_built(
        self, elsewhere: Repository, casd: CacheServer, debian_base: str, tmp_path: Path
    ) -> None:
        copy_work_tree(BUILD_ROOT, tmp_path / "third clone")
        second = Repository(tmp_path / "third clone", with_own_caches(os.environ, tmp_path))
        targets = ("//images:redis", "shared:redis", "shared:commands")
        _check_that_nothing_is_built(elsewhere, second, casd, debian_base + ON_BASE, *targets)


def _check_that_nothing_is_built(
    first: Repository, second: Repository, server: CacheServer, build: str, *targets: str
) -> None:
    with ExitStack() as stack:
        for repository in (first, second):
            stack.enter_context(repository.declared("shared", build))
        first.pants(*writing_to(server), "package", *targets)
        stack.callback(second.stop_pantsd)
        stack.enter_context(second.edited(*PATIENCE))
        before = server.log.read_bytes()
        proxy = CountingProxy(server.address)
        with proxy.serving() as address:
            options = reading_from(address, "validate")
            run = second.pants(*options, RPC_PATIENCE, "package", *targets)
        requests = server.log.read_bytes()[len(before) :]

    assert "Starting: " not in run.stderr
    asked = run.counter("remote_cache_requests")
    assert run.counter("remote_cache_requests_cached") == asked > 0
    # What is said of the machine is written down at each start of Pants, and is never cached.
    assert run.processes == run.counter("local_cache_requests") - asked
    assert requests.count(b"GetActionResult") >= asked
    assert b"UpdateActionResult" in before
    assert b"UpdateActionResult" not in requests

    blobs = set()
    for target in targets:
        name = f"dist/{target.lstrip('/').replace(':', '/')}.tar"
        archive = second.root / name
        assert archive.read_bytes() == (first.root / name).read_bytes()
        blobs.update(layers(archive))
    # What the images share is received once.
    size = sum(map(len, blobs))
    assert size < proxy.received <= 1.2 * size + 1_000_000
