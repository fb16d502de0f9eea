"""A member of an image's root tree."""

from dataclasses import dataclass, replace
from typing import Tuple

from lading.files.kind import LINK_MODE, Kind

#: Files that packages of several layers add to. `ImageTree` has their content.
ADDED_TO = frozenset(("etc/ld.so.cache", "etc/shells", "etc/ssl/certs/ca-certificates.crt"))

#: The mode of directories that nobody declared: parents of something, and those of packages.
DIRECTORY_MODE = 0o755


@dataclass(frozen=True)
class RootEntry:
    """One directory, symlink or file. `path` has no leading slash.

    `target` is a symlink's text, `data` a file's bytes. A file with a `source` is a copy of that
    member of the package segments, such as `store/<base>/etc/passwd`.
    """

    path: str
    type: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    target: str = ""
    source: str = ""
    data: bytes = b""

    @property
    def described(self) -> "RootEntry":
        """Its form in `ImageTree`: without data, unless the file is one of `ADDED_TO`."""
        data = self.data if self.path in ADDED_TO else b""
        return replace(self, data=data, source="")

    @property
    def sort_key(self) -> Tuple[str, ...]:
        """Sorts parents before children."""
        return tuple(self.path.split("/"))

    @classmethod
    def directory(
        cls, path: str, mode: int = DIRECTORY_MODE, uid: int = 0, gid: int = 0
    ) -> "RootEntry":
        return cls(path, Kind.DIRECTORY, mode, uid, gid)

    @classmethod
    def symlink(cls, path: str, target: str) -> "RootEntry":
        return cls(path, Kind.SYMLINK, LINK_MODE, target=target)
