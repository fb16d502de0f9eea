"""A tree in memory, to which layers are applied."""

import posixpath
from dataclasses import replace
from typing import Dict, Generic, Iterable, Optional

from lading.files.kind import LINK_MODE, Kind
from lading.files.root_entry import RootEntry
from lading.image.layers.layer_applier import Content
from lading.tar.tar_header import TarMember


class MemoryTree(Generic[Content]):
    """A `FileTree`. `entries` and `contents` are by path; only files have content."""

    def __init__(self) -> None:
        self.entries: Dict[str, RootEntry] = {}
        self.contents: Dict[str, Content] = {}
        self._names: Dict[str, Dict[str, None]] = {"": {}}

    def link_target(self, path: str) -> Optional[str]:
        entry = self.entries.get(path)
        return entry.target if entry is not None and entry.type == Kind.SYMLINK else None

    def is_directory(self, path: str) -> bool:
        return path in self._names

    def has(self, path: str) -> bool:
        return path in self.entries or not path

    def names(self, directory: str) -> Iterable[str]:
        return self._names[directory]

    def remove(self, path: str) -> None:
        for name in list(self._names.get(path, ())):
            self.remove(posixpath.join(path, name))
        directory, name = posixpath.split(path)
        del self._names[directory][name]
        del self.entries[path]
        self._names.pop(path, None)
        self.contents.pop(path, None)

    def make_directory(self, path: str) -> None:
        self._put(RootEntry.directory(path))
        self._names[path] = {}

    def describe_directory(self, path: str, member: TarMember) -> None:
        self.entries[path] = RootEntry.directory(path, member.mode, member.uid, member.gid)

    def make(self, path: str, member: TarMember, content: Content) -> None:
        # Whatever a header says, Linux symlinks all have the same mode.
        mode = LINK_MODE if member.type == Kind.SYMLINK else member.mode
        self._put(RootEntry(path, member.type, mode, member.uid, member.gid, member.target))
        if member.type == Kind.FILE:
            self.contents[path] = content

    def link(self, source: str, path: str) -> None:
        self._put(replace(self.entries[source], path=path))
        if source in self.contents:
            self.contents[path] = self.contents[source]

    def _put(self, entry: RootEntry) -> None:
        directory, name = posixpath.split(entry.path)
        self._names[directory][name] = None
        self.entries[entry.path] = entry
