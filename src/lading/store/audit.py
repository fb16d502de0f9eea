"""The last look at a tree before it becomes a store package: what would not work in an image.

In an image from scratch nothing is outside the store, so whatever a file needs must be in the
store: in the tree or in its input closure.
"""

import os
import posixpath
import stat
import string
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Iterator, Optional, Sequence, Tuple

from lading.errors import LadingError
from lading.store.elf import sound_elf
from lading.store.libraries import Libraries
from lading.store.path import STORE_DIR, StorePath
from lading.store.shebang import Shebang, UnresolvedError, read_shebang
from lading.store.tree import Entry, walk
from lading.store.view import StoreView

# How many findings a message tells.
_MOST_TOLD = 10

# What the kernel puts into every container; links there need nothing of the host.
_KERNEL_DIRECTORIES = ("/dev/", "/proc/", "/sys/")

_CHUNK_SIZE = 1 << 20
_PATH_CHARACTERS = frozenset((string.ascii_letters + string.digits + "._~-+@%/").encode())
_LONGEST_TOLD_PATH = 80

_KINDS = {
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFBLK: "a block device",
    stat.S_IFCHR: "a character device",
}


class Problem(Enum):
    """What can be wrong with a file; the value is a sentence of path, value and detail."""

    INTERPRETER = (
        "{path!r} is started by {value}, which is in no package of its input closure: add the "
        "package that contains lib/{detail} to `dependencies`."
    )
    LIBRARY = (
        "{path!r} needs the library {value}, which nothing offers: add the package that contains "
        "{value} to `dependencies`, or remove the file in `script`."
    )
    SHEBANG = (
        "{path!r} is run by {value!r}, which is outside the store: add the package that contains "
        "bin/{detail} to `dependencies`, or make the file not executable."
    )
    UNREADABLE_SHEBANG = (
        "{path!r} is run by {value!r}, of which no program can be told: name one by its store "
        "path in `script`, or make the file not executable."
    )
    LINK_OUTSIDE = (
        "{path!r} links to {value}, outside the store: let it point into the package or to one of "
        "`dependencies`, or remove it in `script`."
    )
    LINK_UNDECLARED = (
        "{path!r} links to {value}, in a package that is not an input: add that package to "
        "`dependencies`."
    )
    LINK_DANGLING = (
        "{path!r} links to {value}, which does not exist: correct the link or remove it in "
        "`script`."
    )
    BUILD_DIRECTORY = (
        "{path!r} contains {value}, a path of the build directory, which is gone afterwards: let "
        "`script` install to $out what is meant, or remove the path from the file."
    )
    SPECIAL_FILE = (
        "{path!r} is {value}, which a package can't contain: remove it in `script`; only files, "
        "directories and links can be stored."
    )


@dataclass(frozen=True)
class Finding:
    """`path` is relative to the tree, `value` what was found in it, `detail` the last part of a
    name that the remedy tells."""

    path: str
    problem: Problem
    value: str
    detail: str = ""

    def __str__(self) -> str:
        return self.problem.value.format(path=self.path, value=self.value, detail=self.detail)


def audit(
    tree: Path,
    out: StorePath,
    inputs: Sequence[Tuple[StorePath, Path]],
    build_directory: str,
) -> None:
    """`LadingError` with the findings, if there are any. For the arguments see `findings`."""
    found = findings(tree, out, inputs, build_directory)
    if not found:
        return
    if len(found) == 1:
        raise LadingError(str(found[0]))
    lines = [f"  {finding}" for finding in found[:_MOST_TOLD]]
    if len(found) > _MOST_TOLD:
        lines.append(f"  and {len(found) - _MOST_TOLD} more.")
    raise LadingError(
        f"the package has {len(found)} faults that would show in an image:\n" + "\n".join(lines)
    )


def findings(
    tree: Path,
    out: StorePath,
    inputs: Sequence[Tuple[StorePath, Path]],
    build_directory: str,
) -> Tuple[Finding, ...]:
    """What is wrong with `tree`, which is going to be `out`, in the order of its files.

    `inputs` is the whole input closure in search order, with where it is unpacked. Paths that
    start with `build_directory` may occur nowhere in the files.
    """
    view = StoreView.of(out, tree, inputs)
    return tuple(_Audit(view, build_directory).findings())


class _Audit:
    def __init__(self, view: StoreView, build_directory: str) -> None:
        self.view = view
        self.libraries = Libraries(view)
        self.build_prefix = build_directory.rstrip("/").encode() + b"/"

    def findings(self) -> Iterator[Finding]:
        for entry in walk(self.view.tree):
            if entry.is_link:
                yield from self._link(entry)
            elif entry.is_file:
                yield from self._elf(entry)
                yield from self._shebang(entry)
                yield from self._build_directory(entry)
            elif not entry.is_directory:
                kind = _KINDS[stat.S_IFMT(entry.mode)]
                yield Finding(entry.path, Problem.SPECIAL_FILE, kind)

    def _link(self, entry: Entry) -> Iterator[Finding]:
        goal = self.view.follow(self.view.own_path(entry.path))
        if goal.startswith(_KERNEL_DIRECTORIES):
            return
        target = os.readlink(entry.host)
        if not goal.startswith(f"{STORE_DIR}/"):
            yield Finding(entry.path, Problem.LINK_OUTSIDE, target)
        elif self.view.host_path(goal) is None:
            yield Finding(entry.path, Problem.LINK_UNDECLARED, target)
        elif self.view.find(goal) is None:
            yield Finding(entry.path, Problem.LINK_DANGLING, target)

    def _elf(self, entry: Entry) -> Iterator[Finding]:
        elf = sound_elf(entry.host)
        if elf is None or not (elf.is_program or elf.is_shared_library):
            return
        # A library that can also be started, as libc.so.6, need not be.
        if elf.is_program and elf.interpreter and not self.view.find(elf.interpreter):
            name = posixpath.basename(elf.interpreter)
            yield Finding(entry.path, Problem.INTERPRETER, elf.interpreter, name)
        for name in self.libraries.missing(entry.path, elf):
            yield Finding(entry.path, Problem.LIBRARY, name)

    def _shebang(self, entry: Entry) -> Iterator[Finding]:
        shebang = read_shebang(entry.host) if entry.is_executable else None
        if shebang is None or shebang.is_in_store:
            return
        program = self._missing_program(shebang)
        problem = Problem.SHEBANG if program else Problem.UNREADABLE_SHEBANG
        yield Finding(entry.path, problem, str(shebang), program)

    def _missing_program(self, shebang: Shebang) -> str:
        try:
            return posixpath.basename(shebang.in_store(self.view.find_program).interpreter)
        except UnresolvedError as error:
            return error.program

    def _build_directory(self, entry: Entry) -> Iterator[Finding]:
        with open(entry.host, "rb", buffering=0) as file:
            path = _find_path(iter(lambda: file.read(_CHUNK_SIZE), b""), self.build_prefix)
        if path is not None:
            yield Finding(entry.path, Problem.BUILD_DIRECTORY, path)


def _find_path(chunks: Iterator[bytes], prefix: bytes) -> Optional[str]:
    """The first path in the bytes that starts with `prefix`, cut off where it is very long.

    Inside a longer path, as in /usr/src/build/x, it is another directory; behind -I or -L it is
    the one that is meant.
    """
    carry = b""
    for chunk in chunks:
        data = carry + chunk
        # What starts further in front was complete, and looked at, in the data before.
        start = data.find(prefix, max(len(carry) - len(prefix) + 1, 0))
        while start >= 0:
            before = data[max(start - 2, 0) : start]
            if not before or before[-1] not in _PATH_CHARACTERS or before in (b"-I", b"-L"):
                return _path_at(data, start)
            start = data.find(prefix, start + 1)
        carry = data[-(len(prefix) + 1) :]
    return None


def _path_at(data: bytes, start: int) -> str:
    end = start
    while end < min(len(data), start + _LONGEST_TOLD_PATH) and data[end] in _PATH_CHARACTERS:
        end += 1
    return data[start:end].decode("ascii")
