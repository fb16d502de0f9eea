"""The real programs that end-to-end tests run.

A test that needs docker or podman asks for the fixture. Without the program the test fails: none is
skipped, so that no run is green for want of a service.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, NoReturn, Optional, Tuple

import pytest
from another_user import AnotherUser, another_user
from base_image_registry import BaseImages
from base_images import Layout, layer
from built_images import BuiltImages, built_images
from cache_servers import CacheServer, casd, find_buildgrid, find_casd
from cache_servers import buildgrid as run_buildgrid
from docker_registry import docker_registry
from repository import Repository, copy_work_tree, with_own_caches

BUILD_ROOT = Path(__file__).resolve().parent.parent

# Not by PYTHONPATH, which the programs under test would inherit.
sys.path.insert(0, str(BUILD_ROOT / "src"))

#: Test files that run in one process, one after the other, where tests run in several: those that
#: load and remove the same images, and those that make accounts, or look at all that there are.
#: What takes longest comes first; the second and the third group need none of the images that the
#: first one builds, and the others would wait for them.
_GROUPS = (
    ("images_test", "article_test", "image_structure_test", "redis_image_test", "run_image_test"),
    ("launcher_test",),
    ("interruption_test",),
    ("remote_cache_test", "reproducible_test", "base_image_test"),
    ("tutorial_test",),
    ("base_image_layers_test",),
    ("faulty_cache_test",),
    ("publish_test",),
    ("services_test",),
)


#: What the Debian of the tests says of itself, as that of Docker Hub does.
DEBIAN_CONFIG = {
    "config": {
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "Cmd": ["bash"],
    },
    "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "mmdebstrap"}],
}


@dataclass(frozen=True)
class ContainerEngine:
    """A docker or podman that answers.

    `run_options` go behind `run`. They make containers run in restricted places too: on the
    host's network, and with limits that a process without privileges may set.
    """

    command: Tuple[str, ...]
    run_options: Tuple[str, ...]

    def __call__(self, *arguments: str) -> str:
        """Standard output of the command; CalledProcessError if it fails."""
        return _output([*self.command, *arguments])

    def run(self, *arguments: str) -> str:
        return self("run", *self.run_options, *arguments)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks
def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Tests of a file share what it has made."""
    order = {name: number for number, names in enumerate(_GROUPS) for name in names}
    for item in items:
        name = item.path.stem
        item.add_marker(pytest.mark.xdist_group(str(order.get(name, name))))
    items.sort(key=lambda item: order.get(item.path.stem, len(_GROUPS)))


@pytest.fixture(scope="session")
def docker() -> ContainerEngine:
    """The docker of DOCKER_HOST, or docker's default."""
    engine = ContainerEngine(("docker",), ("--network=host",))
    require("docker", [*engine.command, "version"])
    return engine


@pytest.fixture(scope="session")
def podman() -> ContainerEngine:
    engine = ContainerEngine(
        ("podman", "--runtime", "/usr/sbin/runc"),
        ("--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"),
    )
    require("podman", [*engine.command, "version"])
    return engine


@pytest.fixture(scope="session")
def skopeo() -> ContainerEngine:
    engine = ContainerEngine(("skopeo",), ())
    require("skopeo", [*engine.command, "--version"])
    return engine


@pytest.fixture(scope="session")
def redis_cli() -> Callable[..., str]:
    """The machine's redis-cli: called with its arguments, it gives what that prints."""
    require("redis-cli", ["redis-cli", "--version"])
    return lambda *arguments: _output(["redis-cli", *arguments])


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of this run of the tests have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def debian_tar(session: Path) -> bytes:
    """A real Debian of today (debian_base.py)."""
    from debian_base import debian  # which needs src on the path

    require("mmdebstrap", ["mmdebstrap", "--version"])
    return debian(session)


@pytest.fixture(scope="session")
def small_debian_tar(debian_tar: bytes) -> bytes:
    """A shell and a few programs of it."""
    from debian_base import small

    return small(debian_tar)


@pytest.fixture(scope="session")
def base_images(
    tmp_path_factory: pytest.TempPathFactory, skopeo: ContainerEngine
) -> Iterator[BaseImages]:
    """A registry that is open to everybody, for base images that tests put there."""
    require("docker-registry", ["docker-registry", "--version"])
    require("zstd", ["zstd", "--version"])
    directory = tmp_path_factory.mktemp("base_images")
    with docker_registry(directory / "storage") as host:
        yield BaseImages(Layout(directory / "layout"), directory / "storage", host, skopeo)


@pytest.fixture(scope="session")
def debian(base_images: BaseImages, debian_tar: bytes) -> str:
    """The digest of a Debian in `base_images`, at the path that it has on Docker Hub."""
    return base_images.add("library/debian", [layer(debian_tar)], config=DEBIAN_CONFIG)


@pytest.fixture(scope="session")
def buildgrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CacheServer]:
    program = find_buildgrid() or unavailable("There is no BuildGrid, which tests/run exports.")
    with run_buildgrid(program, tmp_path_factory.mktemp("buildgrid")) as server:
        yield server


@pytest.fixture(scope="session")
def casd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Optional[CacheServer]]:
    """Has what `elsewhere` built. None where there is no such server."""
    program = find_casd()
    if program is None:
        yield None
        return
    with casd(program, tmp_path_factory.mktemp("casd")) as server:
        yield server


@pytest.fixture(scope="session")
def built(session: Path) -> BuiltImages:
    return built_images(BUILD_ROOT, session)


@pytest.fixture(scope="session")
def repository(
    tmp_path_factory: pytest.TempPathFactory, built: BuiltImages
) -> Iterator[Repository]:
    """A copy of the work tree, in whose caches there is what all of //images:: is made of.

    Whoever edits it puts it back.
    """
    directory = tmp_path_factory.mktemp("repository")
    copy_work_tree(BUILD_ROOT, directory / "root")
    built.copy_caches(directory)
    repository = Repository(directory / "root", with_own_caches(os.environ, directory))
    try:
        yield repository
    finally:
        repository.stop_pantsd()


@pytest.fixture(scope="session")
def images(built: BuiltImages) -> Path:
    """The directory with the archives and descriptions as first built."""
    return built.images


@pytest.fixture(scope="session")
def other_user() -> Iterator[AnotherUser]:
    with another_user() as user:
        yield user


@pytest.fixture(scope="session")
def elsewhere(other_user: AnotherUser, casd_server: Optional[CacheServer]) -> Iterator[Repository]:
    """A copy of the work tree of another user's, with nothing shared: no launcher's environment,
    no caches, no downloads. //images:redis has been built in it.

    Whoever edits it puts it back.
    """
    repository = other_user.repository(BUILD_ROOT, "another clone", {})
    try:
        repository.pants(*writing_to(casd_server), "package", "//images:redis")
        yield repository
    finally:
        repository.stop_pantsd()


def writing_to(server: Optional[CacheServer]) -> Tuple[str, ...]:
    """Options of Pants with which the server gets all that is built."""
    if server is None:
        return ()
    return (
        "--remote-cache-write",
        f"--remote-store-address=grpc://{server.address}",
        "--session-end-tasks-timeout=300",
    )


def require(name: str, probe: List[str]) -> None:
    """Fail the test unless the command `probe` succeeds."""
    try:
        _output(probe)
    except (OSError, subprocess.CalledProcessError) as error:
        unavailable(f"{name} does not answer ({error}).")


def unavailable(reason: str) -> NoReturn:
    """Fail the test for what this machine has not got."""
    pytest.fail(
        f"{reason} tests/machine.sh has what tests need; `tests/run -k` chooses among them."
    )


def _output(argv: List[str]) -> str:
    finished = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True, timeout=300)
    return finished.stdout
