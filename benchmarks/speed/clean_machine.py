"""4. A clean machine, and a remote cache that has everything."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Iterator, List

from cache_servers import buildgrid, find_buildgrid
from docker_registry import docker_registry
from repository import Repository, copy_work_tree

from speed import ROOT
from speed.bench import Bench, LeftOut
from speed.contest import Change, Contestant, compete
from speed.peers import has
from speed.section import Section
from speed.workspace import caches_of_users, output

_IMAGE = "//images:redis"
_STATE = "cold, server warm"

_ABOUT = """\
`//images:redis` on a machine that only has the environment of `./pants`, with a BuildGrid on the
same machine that has everything (`cache_content_behavior` is `validate`). *builds everything* is
the run that fills the server: it downloads 90 Debian packages and compiles redis. Pants and its
daemon start in all three. *skopeo copy* pulls the image from a registry, which is the minimum for a
machine that needs it."""


@dataclass(frozen=True)
class CleanMachine:
    """A copy of the repository, in `directory`, with its own caches."""

    directory: Path
    repository: Repository

    @classmethod
    def new(cls, directory: Path) -> "CleanMachine":
        copy_work_tree(ROOT, directory / "root")
        environ = caches_of_users(directory)
        return cls(directory, Repository(directory / "root", environ))

    @property
    def archive(self) -> Path:
        return self.directory / "root/dist/images/redis.tar"

    def clean(self, change: Change) -> None:
        """Empty all caches; nothing that runs keeps anything."""
        self.restart(change)
        for name in ("store", "named_caches", "sandboxes", "root/dist"):
            shutil.rmtree(self.directory / name, ignore_errors=True)

    def restart(self, change: Change) -> None:
        self.repository.stop_pantsd()

    def package(self, *options: str) -> None:
        self.repository.pants(*options, "package", _IMAGE)


def run(bench: Bench) -> Section:
    program = find_buildgrid()
    if program is None:
        raise LeftOut("there is no bgd, the program of BuildGrid")
    scratch = bench.workspace.scratch("clean_machine")
    (scratch / "server").mkdir()
    (scratch / "machine").mkdir()
    with buildgrid(program, scratch / "server") as server, _machine(scratch / "machine") as machine:
        store = f"--remote-store-address=grpc://{server.address}"
        write = (store, "--remote-cache-write", "--session-end-tasks-timeout=300")
        build = partial(machine.package, *write)
        cold = compete(
            [Contestant("Lading, builds everything", build, machine.clean, "cold, once")],
            rounds=1,
            uncounted=0,
        )
        read = (store, "--remote-cache-read", "--cache-content-behavior=validate")
        fetch = partial(machine.package, *read)
        with _pulls(machine.archive, scratch) as pulls:
            timings = compete(
                [Contestant("Lading", fetch, machine.clean, _STATE), *pulls], bench.repeats
            )
        local, state = "Lading, all in the local cache", "warm, no daemon"
        started = compete(
            [Contestant(local, machine.package, machine.restart, state)], bench.repeats
        )
    return Section(_ABOUT, [*timings, *started, *cold])


_COPY = ("skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false")


@contextmanager
def _pulls(archive: Path, scratch: Path) -> Iterator[List[Contestant]]:
    """`skopeo copy` of an archive's image from a registry; nobody where there is not both."""
    if not has("skopeo", "docker-registry"):
        yield []
        return
    copied = scratch / "copied"
    with docker_registry(scratch / "registry") as host:
        image = f"docker://{host}/redis:1"
        output(*_COPY, f"docker-archive:{archive}", image)
        yield [
            Contestant(
                "skopeo copy",
                partial(output, *_COPY, image, f"dir:{copied}"),
                lambda change: shutil.rmtree(copied, ignore_errors=True),
                _STATE,
            )
        ]


@contextmanager
def _machine(directory: Path) -> Iterator[CleanMachine]:
    machine = CleanMachine.new(directory)
    try:
        yield machine
    finally:
        machine.repository.stop_pantsd()
