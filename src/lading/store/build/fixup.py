"""Makes a built tree fit for the store: small, and finding all it needs in the store.

Files that need no change keep their bytes. Of modes only the executable bit is kept, since the
store has no others.
"""

import os
import stat
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Protocol, Sequence, Tuple

from lading.files.tree import HostFile, walk
from lading.store.build.libraries import Libraries, provides_loader
from lading.store.build.view import StoreView
from lading.store.elf import Elf, sound_elf
from lading.store.shebang import fix_shebang
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown
from lading.values.path import StorePath

#: `all`: remove symbols that no program needs to run. `debug`: remove only debug information.
#: `none`: remove nothing.
STRIP_MODES = ("all", "debug", "none")

_STRIP_PROGRAMS = ("--strip-all", "--remove-section=.comment")
_STRIP_LIBRARIES = ("--strip-unneeded", "--remove-section=.comment")
_STRIP_DEBUG = ("--strip-debug",)
# The times and owners of members would make an archive differ from build to build.
_STRIP_ARCHIVES = ("--strip-debug", "--enable-deterministic-archives")
_ARCHIVE_MAGIC = b"!<arch>\n"

#: Linux accepts 128 KiB of arguments where the stack is small (execve(2)), bubblewrap 9000
#: arguments. Paths in packages rarely exceed 256 bytes.
_BATCH = 400

_GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_SUFFIXES = (".gz", ".tgz", ".svgz")
_GZIP_FLAGS_OFFSET, _GZIP_TIME_OFFSET = 3, 4
_GZIP_HEADER_CHECKSUM = 2


class Tools(Protocol):
    """Starts programs that see the tree, writable, at its store path."""

    def run(self, argv: Sequence[str]) -> Tuple[int, str]:
        """The exit status and all output of the program."""


def fixup(
    tree: Path,
    out: StorePath,
    inputs: Sequence[Tuple[StorePath, Path]],
    tools: Tools,
    strip_mode: str,
) -> None:
    """Change the files of `tree`, which will become `out`.

    `inputs` is the whole input closure in search order, with the directories it is unpacked in.
    Problems that can't be fixed are left to `audit`, which reports them. Raises `LadingError` only
    if a tool fails.
    """
    view = StoreView.of(out, tree, inputs)
    _make_writable(tree)
    if strip_mode != "none":
        _strip(view, tools, strip_mode)
    # The loader and its C library find each other without help, and patchelf breaks them.
    if not provides_loader(view):
        _patch(view, tools)
    for entry in _files(tree):
        if entry.is_executable:
            fix_shebang(entry.host, view.find_program)
        if entry.path.endswith(_GZIP_SUFFIXES):
            _clear_gzip_time(entry.host)


def _make_writable(tree: Path) -> None:
    for entry in walk(tree):
        if entry.is_directory:
            os.chmod(entry.host, stat.S_IMODE(entry.status.st_mode) | stat.S_IRWXU)
        elif entry.is_file:
            os.chmod(entry.host, stat.S_IMODE(entry.status.st_mode) | stat.S_IRUSR | stat.S_IWUSR)


def _files(tree: Path) -> Iterator[HostFile]:
    """The regular files, each once, by the first of its names."""
    seen = set()
    for entry in walk(tree):
        if entry.is_file and entry.status.st_ino not in seen:
            seen.add(entry.status.st_ino)
            yield entry


def _strip(view: StoreView, tools: Tools, mode: str) -> None:
    """Strip the files that can be stripped. `strip` leaves files that it refuses unchanged, and
    that is not worth an error."""
    groups: Dict[Tuple[str, ...], List[str]] = {}
    for entry in _files(view.tree):
        options = _strip_options(entry, mode)
        if options:
            groups.setdefault(options, []).append(view.own_path(entry.path))
    for options in sorted(groups):
        for paths in _batches(groups[options]):
            tools.run(["strip", *options, *paths])


def _strip_options(entry: HostFile, mode: str) -> Optional[Tuple[str, ...]]:
    """None for a file that must not be stripped, such as separate debug information."""
    if entry.path.startswith("lib/debug/") or entry.path.endswith(".debug"):
        return None
    with open(entry.host, "rb") as file:
        if file.read(len(_ARCHIVE_MAGIC)) == _ARCHIVE_MAGIC:
            return _STRIP_ARCHIVES
    elf = sound_elf(entry.host)
    if elf is None or not (elf.is_program or elf.is_shared_library):
        return None
    if mode == "debug":
        return _STRIP_DEBUG
    return _STRIP_PROGRAMS if elf.is_program else _STRIP_LIBRARIES


def _patch(view: StoreView, tools: Tools) -> None:
    """Make programs name a loader in the store, and all dynamic files search directories in it."""
    libraries = Libraries(view)
    groups: Dict[Tuple[str, ...], List[str]] = {}
    for entry in _files(view.tree):
        elf = sound_elf(entry.host)
        edits = () if elf is None else _edits(libraries, entry.path, elf)
        if edits:
            groups.setdefault(edits, []).append(view.own_path(entry.path))
    for edits in sorted(groups):
        for paths in _batches(groups[edits]):
            status, output = tools.run(["patchelf", *edits, *paths])
            if status:
                raise LadingError(
                    f"patchelf failed on {shown(printable(', '.join(paths)))} "
                    f"({shown(printable(output.strip()))}): remove the file in `script` if it is "
                    "no program for this platform."
                )


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """Paths in groups that fit the limits of any machine for program arguments."""
    for start in range(0, len(paths), _BATCH):
        yield paths[start : start + _BATCH]


def _edits(libraries: Libraries, path: str, elf: Elf) -> Tuple[str, ...]:
    """The patchelf options that a file needs; none if it needs no change."""
    if not (elf.is_dynamic and (elf.is_program or elf.is_shared_library)):
        return ()
    edits: Tuple[str, ...] = ()
    interpreter = libraries.interpreter(elf)
    if interpreter is not None and interpreter != elf.interpreter:
        edits += ("--set-interpreter", interpreter)
    runpath = libraries.runpath(path, elf)
    if runpath != elf.search_path:
        edits += ("--set-rpath", ":".join(runpath)) if runpath else ("--remove-rpath",)
    return edits


def _clear_gzip_time(host: str) -> None:
    """Clear the time in a gzip header (RFC 1952, 2.3.1), since it is the time of the build."""
    with open(host, "r+b") as file:
        header = file.read(_GZIP_TIME_OFFSET + 4)
        if len(header) < _GZIP_TIME_OFFSET + 4 or not header.startswith(_GZIP_MAGIC):
            return
        if header[_GZIP_FLAGS_OFFSET] & _GZIP_HEADER_CHECKSUM:
            return
        file.seek(_GZIP_TIME_OFFSET)
        file.write(bytes(4))
