"""What is killed or runs out of room leaves nothing broken, and the next run is right."""

import fcntl
import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Set

import pytest
from conftest import BUILD_ROOT, unavailable
from repository import Repository, copy_work_tree, with_own_caches
from sandbox_processes import command, descendants, working_below
from small_disk import filled, small_disk

from lading.network.faulty_server_testing import FaultyServer, Ranged

#: How many programs make an image: for its source, two packages, each of them compressed, a layer
#: and the archive.
PROGRAMS = 7

KILLED = [f"killed{number}" for number in range(PROGRAMS)]

#: Each image but the first is made for one interruption: all that is its own is made then, and
#: nothing before. What all have in common is made with the first.
FIRST = "first"
IMAGES = [FIRST, *KILLED, "building", "compressing", "archiving"]

#: Chooses the moments; a failed test prints which it was.
SEED = int(os.environ.get("INTERRUPTION_SEED", 0)) or random.randrange(1 << 32)

MB = 1_000_000

NO_ROOM = "there is no room left on a disk ([Errno 28] No space left on device)"
SOURCE_SIZE = 4 * MB

BUILD = """
build_root(
    name="root",
    debian_lock="//3rdparty/debian:bookworm",
    debian_packages=["bash", "coreutils", "libc-bin"],
)


def image(name, url, sha256):
    fetch_url(name=f"{name}-source", url=url, sha256=sha256)
    store_package(
        name=f"{name}-data",
        version="1",
        build_root=":root",
        source=f":{name}-source",
        script="cp * $out/one; sleep 0.2; cp * $out/two",
    )
    store_package(
        name=f"{name}-link",
        version="1",
        build_root=":root",
        script=f"sleep 0.2; ln -s ${name}_data/one $out/link",
        dependencies=[f":{name}-data"],
    )
    docker_image(name=name, contents=[f":{name}-link"], layering="single")


store_package(name="small", version="1", build_root=":root", script="touch $out/file")

"""

# Pants starts many times here, and takes half as long without the backends for Python.
PANTS_TOML = """
[GLOBAL]
pants_version = "2.17.1"
backend_packages = ["lading_pants"]
pythonpath = ["%(buildroot)s/pants-plugins", "%(buildroot)s/src"]
process_execution_local_parallelism = 4

[lading]
archives = "dist"
"""


#: What Pants has in its cache by this name is nothing to runs without it.
_UNDISTURBED = "--process-execution-cache-namespace=undisturbed"


@dataclass(frozen=True)
class Workshop:
    """Where images are made and interrupted.

    `undisturbed` has by path, below the workshop's directory, what lay in dist/ and in the caches
    of Lading after all images had been made without an interruption. Then it was removed.
    """

    repository: Repository
    undisturbed: Mapping[str, str]

    @property
    def directory(self) -> Path:
        return self.repository.root.parent

    @property
    def sandboxes(self) -> Path:
        return self.directory / "sandboxes"

    @property
    def dist(self) -> Path:
        return self.repository.root / "dist/interrupted"

    @contextmanager
    def packaging(self, name: str) -> "Iterator[subprocess.Popen[bytes]]":
        """A run of Pants that makes the image."""
        command = [str(self.repository.root / "pants"), "package", _address(name)]
        with (self.directory / "log").open("wb") as log:
            pants = subprocess.Popen(
                command,
                cwd=self.repository.root,
                env=self.repository.environ,
                stdout=log,
                stderr=log,
            )
        try:
            yield pants
        finally:
            pants.kill()
            pants.wait()

    def daemons(self) -> List[int]:
        """Who is killed leaves a file, and its number may be another process's by now."""
        title = os.fsencode(f"pantsd [{self.repository.root}]")
        files = self.repository.root.glob(".pids/*/pantsd/pid")
        return [pid for pid in (int(file.read_text()) for file in files) if title in command(pid)]

    def at_work(self) -> Set[int]:
        """The processes of programs that make images."""
        below = {pid for daemon in self.daemons() for pid in descendants(daemon)}
        return below.union(working_below(self.sandboxes))

    def check_archive(self, name: str) -> None:
        """It is absent or whole."""
        archive = self.dist / f"{name}.tar"
        if archive.exists():
            assert _digest(archive) == self.undisturbed[f"root/dist/interrupted/{name}.tar"]

    def check_next_run(self, name: str) -> None:
        """The image comes right, and nothing is there that would not be without an interruption."""
        self.repository.pants("package", _address(name))
        _wait_until(lambda: not self.at_work(), "programs go on when Pants has ended")
        assert sorted(os.listdir(self.dist)) == [f"{name}.json", f"{name}.tar"]
        differences = _contents(self.directory).items() - self.undisturbed.items()
        assert not differences, "not as in an undisturbed build"
        for lock in (self.directory / "named_caches").rglob("*.lock"):
            with lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it
        shutil.rmtree(self.dist)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    directory = tmp_path_factory.mktemp("interruption")
    root = directory / "root"
    copy_work_tree(BUILD_ROOT, root)
    (root / "pants.toml").write_text(PANTS_TOML)
    (root / "BUILD").unlink()  # for Python
    (root / "interrupted").mkdir()
    repository = Repository(root, with_own_caches(os.environ, directory))
    with FaultyServer() as server, ExitStack() as disks:
        sources = [random.Random(name).randbytes(SOURCE_SIZE) for name in IMAGES]
        (root / "interrupted/BUILD").write_text(BUILD + _images(server, sources))
        if os.getuid() == 0:
            disks.enter_context(small_disk(directory / "sandboxes", 200))
            disks.enter_context(small_disk(root / "dist", 200))
        try:
            images = map(_address, IMAGES)
            repository.pants(_UNDISTURBED, "package", "//interrupted:small", *images)
            undisturbed = _contents(directory)
            _forget(directory, sources)
            workshop = Workshop(repository, undisturbed)
            workshop.check_next_run(FIRST)
            yield workshop
        finally:
            repository.stop_pantsd()


def _address(name: str) -> str:
    return f"//interrupted:{name}"


def _images(server: FaultyServer, sources: List[bytes]) -> str:
    """The rest of BUILD. What is fetched keeps one waiting for its last bytes."""
    images = ""
    for name, body in zip(IMAGES, sources):
        url = server.serve(
            f"/{name}", Ranged(body=body, drip_seconds=0.02, drip_after=SOURCE_SIZE - 10)
        )
        images += f'image("{name}", "{url}", "{hashlib.sha256(body).hexdigest()}")\n'
    return images


def _forget(directory: Path, sources: List[bytes]) -> None:
    """Let all be made again but what is fetched from the network."""
    caches = directory / "named_caches/lading"
    for removed in ("roots", "packages", "logs"):
        shutil.rmtree(caches / removed)
    for source in sources:
        (caches / "downloads" / hashlib.sha256(source).hexdigest()).unlink()
    shutil.rmtree(directory / "root/dist/interrupted")


@dataclass(frozen=True)
class Moment:
    """When so many programs have been started, and `delay` seconds more have gone by."""

    programs: int
    delay: float

    def wait(self, workshop: Workshop, pants: "subprocess.Popen[bytes]") -> None:
        started: Set[str] = set()
        while pants.poll() is None and len(started) < self.programs:
            started.update(working_below(workshop.sandboxes).values())
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):
            pants.wait(self.delay)


def test_kill_9_at_a_random_moment_of_each_program(workshop: Workshop) -> None:
    chance = random.Random(SEED)
    hits = 0
    for number, (name, moment) in enumerate(zip(KILLED, _moments(chance))):
        if chance.random() < 0.3:
            shutil.rmtree(workshop.directory / "named_caches/lading/roots", ignore_errors=True)
        print(f"INTERRUPTION_SEED={SEED}: {name}, {moment}")
        with workshop.packaging(name) as pants:
            moment.wait(workshop, pants)
            if number % 2:
                hits += _kill_one(workshop, pants, chance)
            else:
                hits += _kill_pants(workshop, pants)
        workshop.check_archive(name)
        workshop.check_next_run(name)
    assert hits > len(KILLED) / 2, "builds are to be interrupted"


def _moments(chance: random.Random) -> List[Moment]:
    """One in each program, in a random order; Pants dies while the archive is being written."""
    programs = chance.sample(range(1, PROGRAMS), PROGRAMS - 1)
    delays = (chance.uniform(0, 0.3) for _ in programs)
    return [Moment(PROGRAMS, chance.uniform(0, 0.05)), *map(Moment, programs, delays)]


def _kill_pants(workshop: Workshop, pants: "subprocess.Popen[bytes]") -> bool:
    """Kill client and daemon; whether the run was going on."""
    has_hit = pants.poll() is None
    pants.kill()
    for daemon in workshop.daemons():
        os.kill(daemon, signal.SIGKILL)
    _wait_until(lambda: not workshop.daemons(), "pantsd survives")
    _wait_until(lambda: not workshop.at_work(), "programs go on without Pants")
    for left in workshop.sandboxes.iterdir():  # by Pants, which never looks at them again
        shutil.rmtree(left)
    return has_hit


def _kill_one(workshop: Workshop, pants: "subprocess.Popen[bytes]", chance: random.Random) -> bool:
    """Kill one of the processes at work, or the next one that is, on which Pants ends; whether
    there was one."""
    while pants.poll() is None:
        victims = sorted(workshop.at_work())
        if victims:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(victims), signal.SIGKILL)
                break
        time.sleep(0.01)
    has_hit = pants.poll() is None
    assert pants.wait(timeout=300) in (0, 1)
    return has_hit


@pytest.fixture(scope="module")
def roomy(workshop: Workshop) -> Workshop:
    """The workshop on small disks, with a pantsd that has laid out what builds share."""
    if os.getuid() != 0:
        unavailable("Only root can make small disks.")
    workshop.repository.pants("package", "//interrupted:small")
    shutil.rmtree(workshop.dist)
    return workshop


def test_a_disk_full_during_build(roomy: Workshop) -> None:
    sentence = (
        "building-data: `script` failed (status 1). There is hardly any room left on a disk. "
    )
    # Room for the source three times, while it is unpacked, and for half of what `script` writes.
    _check_error(roomy, roomy.sandboxes, 18 * MB, "building", sentence)
    # For all of that, and for half of the package.
    _check_error(roomy, roomy.sandboxes, 25 * MB, "building", f"building-data: {NO_ROOM}")
    roomy.check_next_run("building")


def test_a_disk_full_during_compress(roomy: Workshop) -> None:
    roomy.repository.pants("package", "//interrupted:compressing-link")
    shutil.rmtree(roomy.dist)
    # For the package, and for half of what it is when compressed.
    _check_error(roomy, roomy.sandboxes, 12 * MB, "compressing", f"compressing-data-1: {NO_ROOM}")
    roomy.check_next_run("compressing")


def test_a_disk_full_during_archive(roomy: Workshop) -> None:
    archive = roomy.dist / "archiving.tar"
    sentence = f"archiving: there is no room for {archive} (No space left on device)"
    _check_error(roomy, roomy.dist.parent, 5 * MB, "archiving", sentence)
    roomy.check_next_run("archiving")


def _check_error(workshop: Workshop, disk: Path, free: int, name: str, sentence: str) -> None:
    """With so many bytes free on the disk, the run fails with the sentence and leaves nothing."""
    # Pants removes them when a run is over, and later.
    _wait_until(lambda: not any(workshop.sandboxes.glob("pants-sandbox-*")), "sandboxes stay")
    with filled(disk, free):
        failed = workshop.repository.try_pants("package", _address(name))
    assert failed.returncode == 1
    assert sentence in failed.stderr, failed.stderr
    assert "Traceback" not in failed.stderr
    assert not workshop.dist.exists() or not os.listdir(workshop.dist)


def _contents(directory: Path) -> Dict[str, str]:
    """By path, the digest of what lies in dist/ and in Lading's caches."""
    found = {}
    for pattern in ("root/dist/*/*", "named_caches/lading/*/*", "named_caches/lading_*/*"):
        for path in directory.glob(pattern):
            found[str(path.relative_to(directory))] = _digest(path)
    return found


def _digest(path: Path) -> str:
    """Of names, modes, contents."""
    digest = hashlib.sha256()
    for entry in sorted((path, *path.rglob("*"))):
        content = b""
        if entry.is_symlink():
            content = os.fsencode(os.readlink(entry))
        elif entry.is_file() and entry.name != "state.json":  # has inodes and times of this tree
            content = hashlib.sha256(entry.read_bytes()).digest()
        name = str(entry.relative_to(path.parent))
        digest.update(repr((name, entry.lstat().st_mode, content)).encode())
    return digest.hexdigest()


def _wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
