"""Checks a tree before it becomes a store package, for what would not work in an image.

An image from scratch has nothing outside the store, so whatever a file needs must be in the store:
in the tree or in its input closure.
"""

import mmap
import os
import posixpath
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Iterator, Optional, Pattern, Sequence, Tuple, Union

from lading.files.tree import HostFile, walk
from lading.store.build.libraries import Libraries
from lading.store.build.view import StoreView
from lading.store.elf import sound_elf
from lading.store.shebang import Shebang, UnresolvedError, read_shebang
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown
from lading.values.path import STORE_DIR, StorePath

# The most findings that a message lists.
_MOST_TOLD = 10

# The kernel provides these in every container; links to them need nothing from the host.
_KERNEL_DIRECTORIES = ("/dev/", "/proc/", "/sys/")

# Characters that may continue a file name, for a regular expression.
_NAME = rb"\w.~+@%-"
_PATH_END = re.compile(b"[/%b]\\Z" % _NAME)


class Problem(Enum):
    """What can be wrong with a file. The value is a sentence with path, value and detail."""

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
        "{path!r} is run by {value!r}, which names no program: name one by its store path in "
        "`script`, or make the file not executable."
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
    MACHINE = (
        "{path!r} contains {value}, which names the machine that built it, or a user or directory "
        "there, so no other machine would build the same bytes: let `script` set another value, or "
        "give the machine the name `lading` (docker: `--hostname lading`)."
    )
    SPECIAL_FILE = (
        "{path!r} is {value}, which a package can't contain: remove it in `script`; only files, "
        "directories and links can be stored."
    )


@dataclass(frozen=True)
class Finding:
    """`path` is relative to the tree, `value` is what was found in it. `detail` is a name's last
    part, for the remedy."""

    path: str
    problem: Problem
    value: str
    detail: str = ""

    def __str__(self) -> str:
        path, value, detail = shown(self.path), shown(self.value), shown(self.detail)
        sentence = self.problem.value.format(path=path, value=value, detail=detail)
        return printable(sentence)


def audit(
    tree: Path,
    out: StorePath,
    inputs: Sequence[Tuple[StorePath, Path]],
    build_paths: Sequence[str],
    traces: Sequence[str] = (),
) -> None:
    """Raises `LadingError` with the findings, if there are any. The arguments are those of
    `findings`."""
    found = findings(tree, out, inputs, build_paths, traces)
    if not found:
        return
    if len(found) == 1:
        raise LadingError(str(found[0]))
    lines = [f"  {finding}" for finding in found[:_MOST_TOLD]]
    if len(found) > _MOST_TOLD:
        lines.append(f"  and {len(found) - _MOST_TOLD} more.")
    raise LadingError(
        f"the package has {len(found)} problems that would show up in an image:\n"
        + "\n".join(lines)
    )


def findings(
    tree: Path,
    out: StorePath,
    inputs: Sequence[Tuple[StorePath, Path]],
    build_paths: Sequence[str],
    traces: Sequence[str] = (),
) -> Tuple[Finding, ...]:
    """The problems of `tree`, which will become `out`, in the order of its files.

    `inputs` is the whole input closure in search order, with the directories it is unpacked in.
    `build_paths` are the paths of the build, such as /build/source. Neither they nor paths below
    them may occur in a file. (Forbidding /build itself would be too strict: Debian's programs
    contain paths of their own builds, such as /build/reproducible-path, and web programs contain
    such URLs.) `traces` are words that may not occur either, such as the machine's name.
    """
    view = StoreView.of(out, tree, inputs)
    return tuple(_Audit(view, build_paths, traces).findings())


class _Audit:
    def __init__(self, view: StoreView, build_paths: Sequence[str], traces: Sequence[str]) -> None:
        self.view = view
        self.libraries = Libraries(view)
        self.build_paths = _path_pattern(build_paths)
        self.traces = _word_pattern(traces)

    def findings(self) -> Iterator[Finding]:
        for entry in walk(self.view.tree):
            if entry.is_link:
                yield from self._link(entry)
            elif entry.is_file:
                yield from self._elf(entry)
                yield from self._shebang(entry)
                yield from self._traces(entry)
            elif not entry.is_directory:
                yield Finding(entry.path, Problem.SPECIAL_FILE, entry.kind_in_words)

    def _link(self, entry: HostFile) -> Iterator[Finding]:
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

    def _elf(self, entry: HostFile) -> Iterator[Finding]:
        elf = sound_elf(entry.host)
        if elf is None or not (elf.is_program or elf.is_shared_library):
            return
        # A library that can also be started, such as libc.so.6, needs none.
        if elf.is_program and elf.interpreter and not self.view.find(elf.interpreter):
            name = posixpath.basename(elf.interpreter)
            yield Finding(entry.path, Problem.INTERPRETER, elf.interpreter, name)
        for name in self.libraries.missing(entry.path, elf):
            yield Finding(entry.path, Problem.LIBRARY, name)

    def _shebang(self, entry: HostFile) -> Iterator[Finding]:
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

    def _traces(self, entry: HostFile) -> Iterator[Finding]:
        if entry.status.st_size == 0 or not (self.build_paths or self.traces):
            return
        with open(entry.host, "rb") as file, mmap.mmap(
            file.fileno(), 0, access=mmap.ACCESS_READ
        ) as content:
            path = _find_path(content, self.build_paths) if self.build_paths else None
            word = self.traces.search(content) if self.traces else None
            name = os.fsdecode(word[0]) if word else None
        if path is not None:
            yield Finding(entry.path, Problem.BUILD_DIRECTORY, path)
        if name is not None:
            yield Finding(entry.path, Problem.MACHINE, name)


def _path_pattern(paths: Sequence[str]) -> Optional[Pattern[bytes]]:
    """Matches any of the paths or a path below it, up to a length that fits a message."""
    if not paths:
        return None
    alternatives = b"|".join(re.escape(os.fsencode(path)) for path in sorted(paths))
    return re.compile(b"(?:%b)(?![%b])[/%b]{0,60}" % (alternatives, _NAME, _NAME))


def _word_pattern(words: Sequence[str]) -> Optional[Pattern[bytes]]:
    if not words:
        return None
    alternatives = b"|".join(re.escape(os.fsencode(word)) for word in sorted(words))
    return re.compile(b"(?:%b)(?![0-9A-Za-z])" % alternatives)


def _find_path(content: Union[bytes, mmap.mmap], pattern: Pattern[bytes]) -> Optional[str]:
    """The first match that begins a path.

    Within a longer path, such as /usr/src/build/x, a match is another directory. After -I or -L it
    does begin a path. (A look-behind in the pattern would make the search slow.)
    """
    for match in pattern.finditer(content):
        start = match.start()
        before = content[max(start - 2, 0) : start]
        if not _PATH_END.search(before) or before in (b"-I", b"-L"):
            return match[0].decode("utf-8", "backslashreplace")
    return None
