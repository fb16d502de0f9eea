"""A package segment: the tar members of one store package, without an end-of-archive marker.

Concatenated segments followed by a marker are a tar archive. A segment's bytes depend only on the
names, contents, owner-execute bits and links of the tree.
"""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Dict, Iterator, List, Tuple

from lading.files.entry import EXECUTABLE_MODE, PLAIN_MODE, Entry
from lading.files.kind import Kind
from lading.files.tree import walk
from lading.tar import tar_header
from lading.values.chunks import chunks
from lading.values.errors import LadingError
from lading.values.foreign_text import shown
from lading.values.path import StorePath


@dataclass(frozen=True)
class Segment:
    """A written segment: its members in order, digest (hex) and length in bytes."""

    members: Tuple[Entry, ...]
    sha256: str
    size: int


def write_segment(tree: Path, path: StorePath, output: BinaryIO) -> Segment:
    """Write the package that lies at `tree` and will lie at `path`.

    Raises `LadingError` for devices, pipes and sockets, which a store package can't hold.
    """
    digest = hashlib.sha256()
    size = 0
    members: List[Entry] = []
    contents: Dict[str, str] = {}

    def emit(data: bytes) -> None:
        nonlocal size
        digest.update(data)
        size += output.write(data)

    root = str(path).lstrip("/")
    for member, source in _tree_members(tree):
        emit(tar_header.header(member, root))
        if member.kind == Kind.FILE and not member.hardlink:
            content = hashlib.sha256()
            for chunk in _chunks(source, member.size):
                content.update(chunk)
                emit(chunk)
            emit(tar_header.padding(member.size))
            contents[member.path] = content.hexdigest()
            member = replace(member, sha256=contents[member.path])
        elif member.hardlink:
            member = replace(member, sha256=contents[member.hardlink])
        members.append(member)
    return Segment(tuple(members), digest.hexdigest(), size)


def _tree_members(tree: Path) -> Iterator[Tuple[Entry, Path]]:
    """The members and the files that they are read from, in the order of `walk`."""
    first_names: Dict[int, str] = {}
    for entry in walk(tree):
        path, source = "" if entry.path == "." else entry.path, Path(entry.host)
        if entry.is_directory:
            yield Entry.directory(path, EXECUTABLE_MODE), source
        elif entry.is_link:
            yield Entry.symlink(path, os.readlink(source)), source
        elif entry.is_file:
            mode = EXECUTABLE_MODE if entry.is_executable else PLAIN_MODE
            first = first_names.setdefault(entry.status.st_ino, path)
            hardlink, size = "" if first == path else first, entry.status.st_size
            yield Entry(path, Kind.FILE, mode, size=size, hardlink=hardlink), source
        else:
            raise LadingError(
                f"the build left {shown(path)!r} in $out, which is {entry.kind_in_words}; "
                "a store package holds files, directories and symlinks only: remove it in "
                "`script`."
            )


def _chunks(source: Path, size: int) -> Iterator[bytes]:
    """The file's bytes: exactly `size` of them, or a `LadingError`."""
    left = size
    with open(source, "rb") as file:
        for chunk in chunks(file, size):
            left -= len(chunk)
            yield chunk
    if left:
        raise LadingError(f"{source.name!r} in $out became shorter while it was read.")
