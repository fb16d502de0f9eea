"""The kinds of things in a tree of files."""

import stat
from enum import Enum
from typing import Optional


class Kind(Enum):
    """The value is the word for it in errors, lists and fields."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    PIPE = "pipe"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"

    @property
    def is_device(self) -> bool:
        return self in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE)

    @property
    def tar_type(self) -> str:
        """The letter in a tar header (POSIX.1-2017 pax, "ustar Interchange Format", typeflag)."""
        return _TAR_TYPES[self]

    @classmethod
    def of_tar_type(cls, letter: str) -> "Optional[Kind]":
        return _OF_TAR_TYPE.get(letter)

    @classmethod
    def of_mode(cls, mode: int) -> "Optional[Kind]":
        """The kind for an `st_mode`; None for a socket, which neither archives nor images have."""
        return _OF_FORMAT.get(stat.S_IFMT(mode))


#: The mode of every symlink.
LINK_MODE = 0o777

_TAR_TYPES = {
    Kind.FILE: "0",
    Kind.SYMLINK: "2",
    Kind.CHARACTER_DEVICE: "3",
    Kind.BLOCK_DEVICE: "4",
    Kind.DIRECTORY: "5",
    Kind.PIPE: "6",
}

_OF_TAR_TYPE = {letter: kind for kind, letter in _TAR_TYPES.items()}

_OF_FORMAT = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHARACTER_DEVICE,
    stat.S_IFBLK: Kind.BLOCK_DEVICE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFIFO: Kind.PIPE,
}
