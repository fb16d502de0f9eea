"""A tree in memory, to which layers are applied."""

import posixpath
from dataclasses import replace
from typing import Dict, Generic, Iterable, Optional

from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.image.layers.layer_applier import Content


class MemoryTree(Generic[Content]):
    """A `FileTree`. `entries` and `contents` are by path; only files have content."""

    def __init__(self) -> None:
        self.entries: Dict[str, Entry] = {}
        self.contents: Dict[str, Content] = {}
        self._names: Dict[str, Dict[str, None]] = {"": {}}

    def link_target(self, path: str) -> Optional[str]:
        entry = self.entries.get(path)
        return entry.target if entry is not None and entry.kind == Kind.SYMLINK else None

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
        self._put(Entry.directory(path))
        self._names[path] = {}

    def describe_directory(self, path: str, member: Entry) -> None:
        self.entries[path] = Entry.directory(path, member.mode, member.uid, member.gid)

    def make(self, path: str, member: Entry, content: Content) -> None:
        # Whatever a header says, Linux symlinks all have the same mode.
        mode = LINK_MODE if member.is_symlink else member.mode
        self._put(Entry(path, member.kind, mode, member.uid, member.gid, member.target))
        if member.kind == Kind.FILE:
            self.contents[path] = content

    def link(self, source: str, path: str) -> None:
        self._put(replace(self.entries[source], path=path))
        if source in self.contents:
            self.contents[path] = self.contents[source]

    def _put(self, entry: Entry) -> None:
        directory, name = posixpath.split(entry.path)
        self._names[directory][name] = None
        self.entries[entry.path] = entry
