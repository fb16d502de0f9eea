"""A change costs what it changes; nothing here needs a network."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Iterator, Tuple

import pytest
from repository import Repository, Run

# Enters a network of its own that has nothing but 127.0.0.1, which Pants' client and daemon talk
# over, and stays until standard input ends.
_HOLD_NETWORK = """
import fcntl, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def new_offline(repository: Repository) -> Iterator[Repository]:
    """The repository in a network namespace without a way out, where pantsd has to start again."""
    repository.stop_pantsd()
    unshare, nsenter = _namespace_programs()
    with subprocess.Popen(
        [*unshare, sys.executable, "-c", _HOLD_NETWORK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == "up\n"
        offline = replace(repository, prefix=(*nsenter, f"--target={holder.pid}"))
        try:
            yield offline
        finally:
            offline.stop_pantsd()
            holder.stdin.close()


@pytest.fixture(scope="module")
def first_run(new_offline: Repository) -> Run:
    return _package(new_offline)


@pytest.fixture(scope="module")
def offline(new_offline: Repository, first_run: Run) -> Repository:
    """The repository without a network, with a pantsd that has packaged the image before."""
    return new_offline


def _namespace_programs() -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    if os.getuid() == 0:
        return ("unshare", "--net"), ("nsenter", "--net")
    return (
        ("unshare", "--net", "--user", "--map-root-user"),
        ("nsenter", "--net", "--user", "--preserve-credentials"),
    )


def _package(repository: Repository) -> Run:
    return repository.pants("--stats-log", "package", "//images:redis-server")


def test_a_daemon_that_starts_finds_all_in_the_cache(first_run: Run) -> None:
    assert first_run.built == []


def test_no_change_runs_no_process(offline: Repository) -> None:
    assert _package(offline).processes == 0


def test_a_change_of_the_image_makes_an_archive_and_nothing_else(offline: Repository) -> None:
    server = '"{//3rdparty/redis}/bin/redis-server", "--protected-mode", '
    with offline.edited("images/BUILD", server + '"no"', server + '"yes"'):
        run = _package(offline)
    assert (run.processes, run.built) == (1, [])


def test_a_change_of_a_package_builds_it_and_nothing_else(offline: Repository) -> None:
    with offline.edited("3rdparty/gosu/BUILD", "cp usr", "true\n        cp usr"):
        assert offline.pants("package", "//images:redis").built == ["gosu-1.14"]


def test_a_comment_in_a_build_file_changes_nothing(offline: Repository) -> None:
    _package(offline)
    with offline.edited("3rdparty/redis/BUILD", 'name="redis",', 'name="redis",  # the server'):
        assert _package(offline).processes == 0
