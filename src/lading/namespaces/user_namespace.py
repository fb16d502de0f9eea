"""A user namespace in which this process' user is root and has additional ids for files.

Root maps every id to itself. An ordinary user maps its own id to 0 and its subordinate ids to 1 and
up, with newuidmap and newgidmap, since the kernel allows nobody else to do that
(user_namespaces(7)).
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, NoReturn, Tuple

from lading.namespaces import linux
from lading.namespaces.child import Child
from lading.namespaces.kernel_setting import NAMESPACE_SETTINGS
from lading.namespaces.subordinate_ids import subordinate_ids, user_name
from lading.values.counted import counted
from lading.values.errors import LadingError

#: The ids that an image may need: up to nobody's, 65534.
NEEDED_IDS = 65534

_DIRECTORIES = "/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin"

_Map = Tuple[Tuple[int, int, int], ...]


@dataclass(frozen=True)
class UserNamespace:
    """The mapping of ids: (first id inside, first id outside, count), in order."""

    users: _Map
    groups: _Map

    @classmethod
    def of_this_user(cls) -> "UserNamespace":
        """Raises a `LadingError` that says what an ordinary user lacks."""
        if os.geteuid() == 0:
            return cls(_identity("uid"), _identity("gid"))
        for program in ("newuidmap", "newgidmap"):
            if not _program(program):
                raise LadingError(
                    f"commands in an image need {program}, which is not on this machine: install "
                    "the package uidmap."
                )
        return cls(
            ((0, os.getuid(), 1), *_subordinate(Path("/etc/subuid"))),
            ((0, os.getgid(), 1), *_subordinate(Path("/etc/subgid"))),
        )

    def run(self, task: Callable[[], int]) -> int:
        """Run `task` in a child that is root of a new namespace; returns its result, or raises its
        LadingError.

        When this process dies, the child gets SIGTERM, which becomes SystemExit in it.
        """
        ready, mapped = os.pipe(), os.pipe()

        def root_task() -> int:
            os.close(mapped[1])
            try:
                linux.unshare(linux.CLONE_NEWUSER)
            except OSError as error:
                raise refusal(error) from error
            os.write(ready[1], b"1")
            if not os.read(mapped[0], 1):
                return 1  # the parent says why
            _become_root()
            return task()

        child = Child.start(root_task)
        os.close(ready[1])
        os.close(mapped[0])
        try:
            if os.read(ready[0], 1):
                self._map(child.pid)
                os.write(mapped[1], b"1")
        finally:
            os.close(ready[0])
            os.close(mapped[1])
        return child.wait()

    def _map(self, pid: int) -> None:
        for name, mapping in (("uid", self.users), ("gid", self.groups)):
            if os.geteuid():
                _map_as_user(f"new{name}map", pid, mapping)
            else:
                _map_as_root(Path(f"/proc/{pid}/{name}_map"), mapping)


def refusal(error: OSError) -> LadingError:
    """Why creating namespaces or mounting in them failed with `error`, and what to do."""
    for setting in NAMESPACE_SETTINGS:
        if setting.forbids():
            return LadingError(
                f"commands can't be run in an image ({error}), since {setting.name} is "
                f"{setting.value}: run `sysctl -w {setting.name}={setting.remedy}` as root."
            )
    return LadingError(
        f"commands can't be run in an image ({error}): unlike builds, they need namespaces. In a "
        "container, allow user namespaces and a new /proc (docker: `--security-opt "
        "seccomp=unconfined --security-opt systempaths=unconfined`, or `--privileged`), or let a "
        "machine that has them fill a remote cache."
    )


def _become_root() -> None:
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    # Only the owner of the namespace can delete the files in it, so it must be able to clean up.
    signal.signal(signal.SIGTERM, _end)
    linux.die_with_parent(signal.SIGTERM)


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _identity(kind: str) -> _Map:
    """Maps each id of this process' own namespace to itself."""
    lines = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
    ranges = [[int(word) for word in line.split()] for line in lines]
    return tuple((first, first, count) for first, _, count in ranges)


def _subordinate(file: Path) -> _Map:
    mapping: List[Tuple[int, int, int]] = []
    inside = 1
    for ids in subordinate_ids(file):
        mapping.append((inside, ids.first, ids.count))
        inside += ids.count
    if inside <= NEEDED_IDS:
        user = user_name()
        found = f"no ids for the user {user}"
        if mapping:
            found = f"{counted(inside - 1, 'id')} for the user {user}, and images need {NEEDED_IDS}"
        raise LadingError(
            f"commands in an image need subordinate ids, and {file} has {found}: run `usermod "
            f"--add-subuids 100000-165535 --add-subgids 100000-165535 {user}` as root, with "
            "ranges that are free."
        )
    return tuple(mapping)


def _map_as_user(program: str, pid: int, mapping: _Map) -> None:
    words = [str(number) for line in mapping for number in line]
    result = subprocess.run(
        [_program(program), str(pid), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        env={},
    )
    if result.returncode:
        words_of_it = result.stderr.decode("utf-8", "replace").strip()
        raise LadingError(
            f"commands can't be run in an image, since {program} failed ({words_of_it}): it must "
            "be setuid root, as the package uidmap installs it."
        )


def _map_as_root(file: Path, mapping: _Map) -> None:
    lines = "".join(f"{inside} {outside} {count}\n" for inside, outside, count in mapping)
    try:
        file.write_text(lines, encoding="ascii")
    except OSError as error:
        raise refusal(error) from error


def _program(name: str) -> str:
    return shutil.which(name, path=_DIRECTORIES) or ""
