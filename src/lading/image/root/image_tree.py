"""The tree of an image, so that another image can be put on top of it."""

import posixpath
from dataclasses import dataclass, field
from typing import Iterator, Mapping, Optional

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.links import follow
from lading.image.root.account_files import AccountFiles
from lading.values.path import STORE_DIR

#: Files that packages of several layers add to. `ImageTree` has their content.
ADDED_TO = frozenset(("etc/ld.so.cache", "etc/shells", "etc/ssl/certs/ca-certificates.crt"))

_STORE = STORE_DIR.lstrip("/") + "/"


@dataclass(frozen=True)
class ImageTree:
    """`entries` are by path, in the form of `described`, without those below `store`.
    `accounts` are the image's passwd(5) and related files; `dpkg_status` has the paragraphs of its
    Debian packages.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    accounts: AccountFiles = field(default_factory=AccountFiles)
    dpkg_status: str = ""

    def locate(self, path: str) -> Optional[str]:
        """`path` with the links among its parents followed, so that it goes only through
        directories; None if there are too many links, or if it leads into the store.

        Missing parents count as directories that will be created.
        """
        place = follow(path, self._link_target)
        return None if place is None or place.startswith(_STORE) else place

    def _link_target(self, path: str) -> Optional[str]:
        entry = self.entries.get(path)
        return entry.target if entry is not None and entry.kind == Kind.SYMLINK else None

    def directory(self, path: str) -> Optional[Entry]:
        """The directory that a program sees at `path`, through any links."""
        entry = self.entries.get(self.locate(f"{path}/.") or "")
        return entry if entry is not None and entry.kind == Kind.DIRECTORY else None

    def parents(self, path: str) -> Iterator[Entry]:
        """The directories that contain `path`, which `locate` returned."""
        while path := posixpath.dirname(path):
            if path in self.entries:
                yield self.entries[path]


def described(entry: Entry, path: str) -> Entry:
    """The form of `entry` in the tree of an image, where it is at `path`: without what only its
    layer has. Data is kept only for `ADDED_TO`, and all but directories and symlinks are files."""
    kind = entry.kind if entry.is_directory or entry.is_symlink else Kind.FILE
    data = entry.data if path in ADDED_TO else b""
    return Entry(path, kind, entry.mode, entry.uid, entry.gid, entry.target, data)
