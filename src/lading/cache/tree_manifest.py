"""The contents of a tree of files, and what can be seen of them without reading them."""

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from lading.values.digest import Sha256

_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}

_Entry = Tuple[str, str, int, str]

#: The most differences that a sentence names.
_SHOWN = 3


@dataclass(frozen=True)
class TreeManifest:
    """Kind, mode (octal), time (seconds) and content by path below the tree, which itself is "".
    The content is a file's digest (hex) or a link's target. Surrogates stand for bytes that are not
    UTF-8.
    """

    entries: Dict[str, _Entry]

    @classmethod
    def of(cls, tree: Path) -> "TreeManifest":
        """Reads all files."""
        return cls(
            {
                path.decode("utf-8", "surrogateescape"): (
                    _KINDS.get(stat.S_IFMT(status.st_mode), "special file"),
                    f"{stat.S_IMODE(status.st_mode):04o}",
                    int(status.st_mtime),
                    _content(host, status.st_mode),
                )
                for path, host, status in _walk(tree)
            }
        )

    def to_json(self) -> str:
        return json.dumps(self.entries, sort_keys=True, indent=0)

    @classmethod
    def from_json(cls, text: str) -> "TreeManifest":
        return cls({path: tuple(entry) for path, entry in json.loads(text).items()})

    def differences(self, found: "TreeManifest") -> str:
        """How `found` differs, in a few words; "" if nothing does."""
        paths = sorted(
            path
            for path in {*self.entries, *found.entries}
            if self.entries.get(path) != found.entries.get(path)
        )
        named = [
            f"{path or '.'!r} {_difference(self.entries.get(path), found.entries.get(path))}"
            for path in paths[:_SHOWN]
        ]
        more = [f"and {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else []
        return ", ".join([*named, *more])


def _difference(recorded: Optional[_Entry], found: Optional[_Entry]) -> str:
    if recorded is None:
        return "was added"
    if found is None:
        return "is missing"
    for index, what in ((0, "kind"), (3, "content"), (1, "mode"), (2, "time")):
        if recorded[index] != found[index]:
            return f"has another {what}"
    raise AssertionError("they are equal")


def stat_digest(tree: Path) -> str:
    """A digest of the results of `lstat` for everything in the tree.

    Every change through the file system changes it, even if somebody resets a file's time
    afterwards, since nobody can set the change time of an inode. Copying the tree changes it as
    well.
    """
    lines = [
        b"%b\0%d %d %d %d %d %d %d\n"
        % (
            path,
            status.st_mode,
            status.st_uid,
            status.st_gid,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_ino,
        )
        for path, _, status in _walk(tree)
    ]
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()


def _walk(tree: Path) -> Iterator[Tuple[bytes, bytes, os.stat_result]]:
    """For everything in the tree, in no order: its path below the tree, its path on the machine,
    and its status."""
    root = os.fsencode(tree)
    status = os.lstat(root)
    yield b"", root, status
    pending: List[Tuple[bytes, bytes]] = [(b"", root)] if stat.S_ISDIR(status.st_mode) else []
    while pending:
        below, directory = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                path = b"%b/%b" % (below, entry.name) if below else entry.name
                yield path, entry.path, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    pending.append((path, entry.path))


def _content(host: bytes, mode: int) -> str:
    if stat.S_ISREG(mode):
        return Sha256.of_file(host).hex
    if stat.S_ISLNK(mode):
        return os.readlink(host).decode("utf-8", "surrogateescape")
    return ""
