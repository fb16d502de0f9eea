"""A file in a tree: of a package, of a layer, of an image."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.files.attributes import Attributes
from lading.files.kind import LINK_MODE, Kind

#: The only modes in the store (Nix: "posix-fs-canonicalise").
EXECUTABLE_MODE, PLAIN_MODE = 0o555, 0o444

#: The mode of directories that nobody declared: parents of something, and those of packages.
DIRECTORY_MODE = 0o755


@dataclass(frozen=True)
class Entry:
    """One file, directory, symlink, pipe or device. What is not known has its default."""

    #: Relative to the root of the tree, without leading slash; "" for the root itself.
    path: str
    kind: Kind
    #: The permission bits, including setuid.
    mode: int
    uid: int = 0
    gid: int = 0
    #: A symlink's text.
    target: str = ""
    #: A file's content, if it is kept in memory.
    data: bytes = b""
    #: The member of a package's segment that a file is a copy of: `store/<base>/etc/passwd`.
    source: str = ""
    #: A file's size in bytes.
    size: int = 0
    #: The digest (hex) of a file's content.
    sha256: str = ""
    #: The path of an earlier entry that is the same file, of whatever kind that is.
    hardlink: str = ""
    #: All paths of a file that has several, sorted, where the state of a tree is compared.
    links: Tuple[str, ...] = ()
    #: In seconds.
    mtime: int = 1
    xattrs: Attributes = ()
    #: The major and minor number of a device, if they are known.
    device: Optional[Tuple[int, int]] = None

    @property
    def sort_key(self) -> Tuple[str, ...]:
        """Sorts parents before children."""
        return tuple(self.path.split("/"))

    @property
    def is_directory(self) -> bool:
        return self.kind == Kind.DIRECTORY

    @property
    def is_symlink(self) -> bool:
        return self.kind == Kind.SYMLINK

    @classmethod
    def directory(
        cls, path: str, mode: int = DIRECTORY_MODE, uid: int = 0, gid: int = 0
    ) -> "Entry":
        return cls(path, Kind.DIRECTORY, mode, uid, gid)

    @classmethod
    def symlink(cls, path: str, target: str) -> "Entry":
        return cls(path, Kind.SYMLINK, LINK_MODE, target=target)


@dataclass(frozen=True)
class Members:
    """The files and directories of a package, or of a part of a layer; parents come first."""

    members: Tuple[Entry, ...]
