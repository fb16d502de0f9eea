"""What lies at `/` of an image: links to its contents, and what its fields declare.

The whole tree is planned, and every conflict found, before a byte is written.
"""

import posixpath
from dataclasses import dataclass, replace
from typing import Callable, Dict, Mapping, Tuple

from lading.errors import LadingError
from lading.image.account_files import ACCOUNT_FILES, NSSWITCH, AccountFiles
from lading.image.directories import FIELD as DIRECTORIES
from lading.image.directories import DirectorySpec
from lading.image.owner import ROOT_OWNER, Owner
from lading.image.root_entry import DIRECTORY_MODE, RootEntry
from lading.image.root_fields import RootFields
from lading.store import members as kinds
from lading.store.path import STORE_DIR


@dataclass(frozen=True)
class RootTree:
    """`entries` have parents before children, and nothing below `store`; `accounts` are what
    names of users and groups stand for."""

    entries: Tuple[RootEntry, ...]
    accounts: AccountFiles


def plan_root_tree(
    contents: Mapping[str, RootEntry],
    fields: RootFields,
    read_source: Callable[[str], bytes],
) -> RootTree:
    """The tree of `contents` (by path, with the data of files) and `fields` together.

    `read_source` gives the bytes of a `FileSpec.source`. A LadingError names both parties where a
    field puts something at a place that `contents` have.
    """
    tree = _Tree(contents)
    for path, spec in fields.files.items():
        data = read_source(spec.source) if spec.source else spec.text.encode("utf-8")
        tree.add("files", RootEntry(path, kinds.FILE, spec.mode, data=data), spec.owner)
    for path, target in fields.symlinks.items():
        tree.add("symlinks", RootEntry.symlink(path, target))
    if fields.accounts:
        tree.add_accounts(fields)
    for path, directory in fields.directories.wanted.items():
        tree.add_directory(path, directory)
    for path, directory in fields.directories.defaults.items():
        if path not in tree.entries:
            tree.add_directory(path, directory)
    return tree.resolved()


class _Tree:
    """A tree while it grows. Who owns what is looked up at the end, when all users are known."""

    def __init__(self, contents: Mapping[str, RootEntry]) -> None:
        store = STORE_DIR.lstrip("/")
        self.entries: Dict[str, RootEntry] = {**contents, store: RootEntry.directory(store)}
        self._origins = {path: _origin(entry) for path, entry in contents.items()}
        self._owners: Dict[str, Tuple[str, Owner]] = {}

    @property
    def accounts(self) -> AccountFiles:
        return AccountFiles.from_data(
            {path: self.entries[path].data for path in ACCOUNT_FILES if path in self.entries}
        )

    def add(self, field: str, entry: RootEntry, owner: Owner = ROOT_OWNER) -> None:
        self._add_parents(field, entry.path)
        present = self.entries.get(entry.path)
        if present is not None and present != entry:
            raise self._conflict(field, entry.path, entry.path, "")
        self._put(field, entry, owner)

    def add_accounts(self, fields: RootFields) -> None:
        """Add root, nobody and the declared users and groups to what `contents` have."""
        self._add_parents("users", next(iter(ACCOUNT_FILES)))
        for path, data in self.accounts.extended(fields.accounts).to_data().items():
            self._put("users", RootEntry(path, kinds.FILE, ACCOUNT_FILES[path], data=data))
        path, data = NSSWITCH
        if path not in self.entries:
            self._put("users", RootEntry(path, kinds.FILE, 0o644, data=data))

    def add_directory(self, path: str, spec: DirectorySpec) -> None:
        self._add_parents(DIRECTORIES, path)
        present = self.entries.get(path)
        if present is not None and present.type != kinds.DIRECTORY:
            raise self._conflict(DIRECTORIES, path, path, " and is no directory")
        self._put(DIRECTORIES, RootEntry.directory(path, spec.mode), spec.owner)

    def resolved(self) -> RootTree:
        accounts = self.accounts
        for path, (field, owner) in self._owners.items():
            uid, gid = owner.resolve(field, f"/{path}", accounts)
            self.entries[path] = replace(self.entries[path], uid=uid, gid=gid)
        entries = sorted(self.entries.values(), key=lambda entry: entry.sort_key)
        return RootTree(tuple(entries), accounts)

    def _put(self, field: str, entry: RootEntry, owner: Owner = ROOT_OWNER) -> None:
        self.entries[entry.path] = entry
        self._origins[entry.path] = f"is in `{field}`"
        self._owners[entry.path] = (field, owner)

    def _add_parents(self, field: str, path: str) -> None:
        parent = posixpath.dirname(path)
        present = self.entries.get(parent)
        if present is not None and present.type != kinds.DIRECTORY:
            raise self._conflict(field, path, parent, " and is no directory")
        if parent and present is None:
            self._add_parents(field, parent)
            self._put(field, RootEntry.directory(parent, DIRECTORY_MODE))

    def _conflict(self, field: str, path: str, place: str, why: str) -> LadingError:
        return LadingError(
            f"`{field}` has '/{path}', but '/{place}' {self._origins[place]}{why}. Remove one of "
            "them."
        )


def _origin(entry: RootEntry) -> str:
    if entry.type == kinds.DIRECTORY:
        return "is a directory in `contents`"
    return f"comes from {entry.target or '/' + entry.source} in `contents`"
