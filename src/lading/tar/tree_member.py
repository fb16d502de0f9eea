"""A member of a tree of files that becomes a part of a layer."""

import json
from dataclasses import dataclass
from typing import Any, Iterable, List, Tuple

from lading.files.kind import Kind
from lading.files.root_entry import RootEntry
from lading.tar.tar_header import TarMember


@dataclass(frozen=True)
class TreeMember:
    """A directory, symlink or file. `path` is the path in the image, without a leading slash.

    `size` (bytes) and `sha256` (hex) describe a file; `hardlink` is the path of an earlier member
    that is the same file, or ""; `target` is a symlink's text; `mtime` is in seconds.
    """

    path: str
    type: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    sha256: str = ""
    target: str = ""
    hardlink: str = ""
    mtime: int = 1

    @property
    def sort_key(self) -> Tuple[str, ...]:
        """Sorts parents before children."""
        return tuple(self.path.split("/"))

    @property
    def is_directory(self) -> bool:
        return self.type == Kind.DIRECTORY

    @property
    def is_symlink(self) -> bool:
        return self.type == Kind.SYMLINK

    def same_as(self, other: "TreeMember") -> bool:
        """Whether programs see no difference."""
        return _visible(self) == _visible(other)

    def to_entry(self, path: str) -> RootEntry:
        """The member as an entry at `path`, without a file's data."""
        return RootEntry(path, self.type, self.mode, self.uid, self.gid, self.target)

    def to_tar(self) -> TarMember:
        type = Kind.HARDLINK if self.hardlink else self.type
        size, target = (0, self.hardlink) if self.hardlink else (self.size, self.target)
        return TarMember(self.path, type, self.mode, size, target, self.uid, self.gid, self.mtime)


def _visible(member: TreeMember) -> Tuple[object, ...]:
    return (
        member.type,
        member.mode,
        member.uid,
        member.gid,
        member.size,
        member.sha256,
        member.target,
    )


def members_to_json(members: Iterable[TreeMember]) -> str:
    """One member per line, in the given order; in ASCII, so that any name survives."""
    lines = (
        json.dumps(list({**vars(member), "type": member.type.value}.values())) for member in members
    )
    return "[\n" + ",\n".join(lines) + "\n]\n"


def members_from_json(text: str) -> Tuple[TreeMember, ...]:
    rows: List[List[Any]] = json.loads(text)
    return tuple(TreeMember(path, Kind(type), *fields) for path, type, *fields in rows)
