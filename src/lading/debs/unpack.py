"""Unpacks one Debian package onto a merged /usr, without its maintainer scripts.

It uses only the standard library. Owner, umask, setuid bits and times don't affect the result.
"""

import os
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Tuple

from lading.debs.deb import Deb
from lading.files.kind import Kind
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError

#: The links of a merged /usr: file-hierarchy(7), and the ones that debootstrap creates for each
#: port.
MERGED = ("bin", "lib", "lib32", "lib64", "libo32", "libx32", "sbin")

#: The time of every file and directory, as in the store.
MTIME = 1


@dataclass(frozen=True)
class Unpacked:
    """A package's tree. `kinds` has for each path below `root` whether it is a file, directory or
    symlink (hard links are files), parents first. `replaces` names other packages whose files it
    may overwrite.
    """

    root: Path
    name: str
    replaces: Tuple[str, ...]
    kinds: Dict[str, Kind] = field(hash=False)


def unpack(deb: Path, destination: Path) -> Unpacked:
    """Unpack into the new directory `destination`. Raises LadingError if `deb` is not a valid
    package."""
    package = Deb.read(deb)
    unpacked = Unpacked(destination, package.name, _names(package.fields.get("replaces", "")), {})
    os.mkdir(destination, 0o755)
    for file in package.members():
        _write(unpacked, merged(file.member.path), file)
    return unpacked


def absolute(root: Path, path: str) -> bytes:
    """`path` below `root` for a system call: UTF-8 whatever the locale, unlike os.fsencode."""
    return os.fsencode(root) + b"/" + path.encode("utf-8", "surrogateescape")


def merged(path: str) -> str:
    """The location of `path` on a merged /usr."""
    return f"usr/{path}" if path.partition("/")[0] in MERGED else path


def _write(unpacked: Unpacked, path: str, file: TreeFile) -> None:
    member = file.member
    if member.is_directory:
        _make_directory(unpacked, path)
        return
    _make_directory(unpacked, posixpath.dirname(path))
    if path in unpacked.kinds:
        raise _unsound(unpacked, f"has /{path} twice")
    target = absolute(unpacked.root, path)
    if member.is_symlink:
        os.symlink(member.target.encode("utf-8", "surrogateescape"), target)
        os.utime(target, (MTIME, MTIME), follow_symlinks=False)
    elif member.hardlink:
        first = merged(member.hardlink)
        if unpacked.kinds.get(first) != Kind.FILE:
            raise _unsound(unpacked, f"has a hard link /{path} to /{first}, which is not a file")
        os.link(absolute(unpacked.root, first), target)
    else:
        _write_file(target, file)
    unpacked.kinds[path] = member.kind


def _make_directory(unpacked: Unpacked, path: str) -> None:
    """Create `path` and its parents; never through a link, so nothing lands outside the root."""
    kind = unpacked.kinds.get(path) if path else Kind.DIRECTORY
    if kind is None:
        _make_directory(unpacked, posixpath.dirname(path))
        os.mkdir(absolute(unpacked.root, path))
        unpacked.kinds[path] = Kind.DIRECTORY
    elif kind != Kind.DIRECTORY:
        raise _unsound(unpacked, f"has /{path} both as a {kind.value} and as a directory")


def _write_file(path: bytes, file: TreeFile) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        assert not isinstance(file.content, Path), "it is mapped"
        rest = memoryview(file.content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fchmod(handle, 0o555 if file.member.mode & 0o100 else 0o444)
        os.utime(handle, (MTIME, MTIME))
    finally:
        os.close(handle)


def _names(relation: str) -> Tuple[str, ...]:
    """The package names in a field like Replaces. Versions are ignored: a lock's packages fit each
    other, and the field only decides which of two packages may have a file."""
    names = (re.split(r"[\s(:]", item.strip())[0] for item in relation.split(","))
    return tuple(name for name in names if name)


def _unsound(unpacked: Unpacked, fault: str) -> LadingError:
    return LadingError(
        f"The Debian package `{unpacked.name}` {fault}. Use a package of a Debian archive."
    )
