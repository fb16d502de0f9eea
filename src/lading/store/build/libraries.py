"""Finds the dynamic loader and the libraries of a tree's programs in the store."""

import os
import posixpath
import re
from typing import Dict, Iterator, List, Optional, Tuple

from lading.files.tree import walk
from lading.store.build.view import StoreView
from lading.store.elf import Elf, sound_elf

#: Directories of a store package that are searched for libraries.
LIBRARY_DIRECTORIES = ("lib", "lib64")

# ld-linux-x86-64.so.2, ld-linux.so.2, ld-musl-x86_64.so.1, ld64.so.2, ld.so.1
_LOADER_NAME = re.compile(r"ld(64|-linux[^/]*|-musl-[^/]*)?\.so\.\d+\Z")


def provides_loader(view: StoreView) -> bool:
    """Whether the tree is the package of the C library itself."""
    return any(
        _LOADER_NAME.match(name)
        for directory in LIBRARY_DIRECTORIES
        for name in _names(view, view.own_path(directory))
    )


class Libraries:
    """The libraries that a tree can use: its own and those of its input closure.

    Create one per tree, after all steps that add or remove files.
    """

    def __init__(self, view: StoreView) -> None:
        self._view = view
        self._elves: Dict[str, Optional[Elf]] = {}
        self._order = list(self._search_order())
        self._directories: Dict[str, List[str]] = {}
        for directory in self._order:
            for name in _names(view, directory):
                self._directories.setdefault(name, []).append(directory)

    def _search_order(self) -> Iterator[str]:
        """The usual directories of every package, then the tree's other directories, which may hold
        private copies of libraries that an input has as well."""
        usual = [
            f"{package}/{directory}"
            for package in self._view.packages
            for directory in LIBRARY_DIRECTORIES
        ]
        yield from usual
        for entry in walk(self._view.tree):
            path = self._view.own_path(entry.path)
            if entry.is_directory and path not in usual:
                yield path

    def interpreter(self, elf: Elf) -> Optional[str]:
        """The store path of the loader that should start the program.

        None if it names no loader, or no package has a loader of that name.
        """
        if elf.interpreter is None or self._is_loadable(elf.interpreter, elf):
            return elf.interpreter
        name = posixpath.basename(elf.interpreter)
        directory = self._find(name, elf, [])
        return None if directory is None else f"{directory}/{name}"

    def runpath(self, path: str, elf: Elf) -> Tuple[str, ...]:
        """The directories that the file at `path` in the tree should search, in order.

        Its present directories stay as they are written if they are in the tree (a program may load
        plugins from there) or have a needed library. The directories of other `needed` libraries
        follow.
        """
        present = self._present(path, elf)
        used = {directory for directory in present.values() if self._view.is_own(directory)}
        further: List[str] = []
        for name in elf.needed:
            directory = self._find(name, elf, list(present.values()))
            if directory is None or "/" in name:
                continue
            if directory in present.values():
                used.add(directory)
            elif directory not in further:
                further.append(directory)
        kept = [entry for entry, directory in present.items() if directory in used]
        return (*kept, *sorted(further, key=self._order.index))

    def missing(self, path: str, elf: Elf) -> Tuple[str, ...]:
        """The libraries that the file at `path` in the tree needs and that exist nowhere."""
        present = list(self._present(path, elf).values())
        return tuple(name for name in elf.needed if self._find(name, elf, present) is None)

    def _present(self, path: str, elf: Elf) -> Dict[str, str]:
        """The parts of the search path that are directories of the view, as written and as store
        path. If several mean the same directory, only the first is included."""
        origin = posixpath.dirname(self._view.own_path(path))
        present: Dict[str, str] = {}
        for entry in elf.search_path:
            text = entry.replace("${ORIGIN}", "$ORIGIN")
            if text == "$ORIGIN" or text.startswith("$ORIGIN/"):
                text = origin + text[len("$ORIGIN") :]
            directory = self._view.follow(text) if text.startswith("/") else ""
            host = self._view.find(directory)
            if host and os.path.isdir(host) and directory not in present.values():
                present[entry] = directory
        return present

    def _find(self, name: str, elf: Elf, first: List[str]) -> Optional[str]:
        """The directory of the library; `first` is searched before the usual directories.

        A name with a slash is a path, and loaders don't search for those.
        """
        if "/" in name:
            return posixpath.dirname(name) if self._is_loadable(name, elf) else None
        for directory in first + self._directories.get(name, []):
            if self._is_loadable(f"{directory}/{name}", elf):
                return directory
        return None

    def _is_loadable(self, path: str, elf: Elf) -> bool:
        host = self._view.find(path)
        if host is None or not os.path.isfile(host):
            return False
        if host not in self._elves:
            self._elves[host] = sound_elf(host)
        library = self._elves[host]
        return library is not None and library.is_loadable_with(elf)


def _names(view: StoreView, directory: str) -> List[str]:
    host = view.find(directory)
    return os.listdir(host) if host is not None and os.path.isdir(host) else []
