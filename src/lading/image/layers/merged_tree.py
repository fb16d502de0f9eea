"""The tree that the layers of a pulled image make, from what their listings say."""

import posixpath
from dataclasses import replace
from typing import Dict, Iterable, Optional

from lading.files.bounds import TreeBound
from lading.files.kind import LINK_MODE, Kind
from lading.files.links import follow
from lading.files.root_entry import ADDED_TO, RootEntry
from lading.image.layers.kept_content import LIMIT
from lading.image.layers.layer_applier import LayerApplier
from lading.image.layers.layer_listing import ListedMember
from lading.image.root.account_files import ACCOUNT_FILES, AccountFiles
from lading.image.root.dpkg_status import read_dpkg_status
from lading.image.root.image_tree import ImageTree
from lading.tar.tar_header import TarMember
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR

_STORE = STORE_DIR.lstrip("/") + "/"


class MergedTree:
    """A `FileTree` in memory, in which named pipes and devices count as files.

    The content of a file is known where the listings have it, else it is None.
    """

    def __init__(self) -> None:
        self._entries: Dict[str, RootEntry] = {}
        self._names: Dict[str, Dict[str, None]] = {"": {}}
        self._contents: Dict[str, Optional[bytes]] = {}
        self._bound = TreeBound()

    def apply(self, layer: Iterable[ListedMember]) -> None:
        """LayerError for what no runtime could do."""
        applier = LayerApplier(self, self._bound)
        for listed in layer:
            applier.add(listed.member, listed.data)
        applier.finish()

    def to_image_tree(self) -> ImageTree:
        """LadingError if the content of a file that says who the users are is not known."""
        entries = {
            path: entry for path, entry in self._entries.items() if not path.startswith(_STORE)
        }
        data = {}
        for path in ACCOUNT_FILES:
            place = follow(f"{path}/.", self.link_target)
            if place is not None and place in self._contents:
                data[path] = _known(path, self._contents[place])
        for path in ADDED_TO & entries.keys():
            entries[path] = replace(entries[path], data=self._contents.get(path) or b"")
        status = read_dpkg_status(entries, self._contents.get)
        return ImageTree(entries, AccountFiles.from_data(data), status)

    def link_target(self, path: str) -> Optional[str]:
        entry = self._entries.get(path)
        return entry.target if entry is not None and entry.type == Kind.SYMLINK else None

    def is_directory(self, path: str) -> bool:
        return path in self._names

    def has(self, path: str) -> bool:
        return path in self._entries or not path

    def names(self, directory: str) -> Iterable[str]:
        return self._names[directory]

    def remove(self, path: str) -> None:
        for name in list(self._names.get(path, ())):
            self.remove(posixpath.join(path, name))
        directory, name = posixpath.split(path)
        del self._names[directory][name]
        del self._entries[path]
        self._names.pop(path, None)
        self._contents.pop(path, None)

    def make_directory(self, path: str) -> None:
        self._put(RootEntry.directory(path))
        self._names[path] = {}

    def describe_directory(self, path: str, member: TarMember) -> None:
        self._entries[path] = RootEntry.directory(path, member.mode, member.uid, member.gid)

    def make(self, path: str, member: TarMember, content: Optional[bytes]) -> None:
        kind = member.type.in_image
        mode = LINK_MODE if kind == Kind.SYMLINK else member.mode
        self._put(RootEntry(path, kind, mode, member.uid, member.gid, member.target))
        if member.type == Kind.FILE:
            self._contents[path] = content

    def link(self, source: str, path: str) -> None:
        self._put(replace(self._entries[source], path=path))
        if source in self._contents:
            self._contents[path] = self._contents[source]

    def _put(self, entry: RootEntry) -> None:
        directory, name = posixpath.split(entry.path)
        self._names[directory][name] = None
        self._entries[entry.path] = entry


def _known(path: str, content: Optional[bytes]) -> bytes:
    if content is None:
        raise LadingError(
            f"the base's /{path} can't be read, because it has more than {LIMIT} bytes, or is a "
            "link to a file in a lower layer. Choose another base."
        )
    return content
