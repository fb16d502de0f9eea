"""What an image puts at `/`: links to its contents, and what its fields declare.

The whole tree is planned, and every conflict found, before a byte is written.
"""

import posixpath
from dataclasses import dataclass, replace
from typing import Callable, Dict, Iterable, Mapping, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.root.account_files import ACCOUNT_FILES, NSSWITCH, AccountFiles
from lading.image.root.directories import FIELD as DIRECTORIES
from lading.image.root.directories import DirectorySpec
from lading.image.root.image_tree import ImageTree, described
from lading.image.root.owner import ROOT_OWNER, Owner
from lading.image.root.root_fields import RootFields
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR, StorePath

_NOTHING = ImageTree()
_STORE = STORE_DIR.lstrip("/")


@dataclass(frozen=True)
class RootTree:
    """`added` is what the base lacks, without anything below `store`; `image` is the base with
    `added`."""

    added: Tuple[Entry, ...]
    image: ImageTree

    def layer_entries(self, packages: Iterable[StorePath]) -> Tuple[Entry, ...]:
        """What a layer with these packages has besides them, parents before children.

        Directories of the base that get new entries are written again, as they are in the base:
        docker gives a directory that a layer does not mention mode 0600 (nixpkgs#38835), so this
        preserves their owner and mode (rules_img#745).
        """
        entries = {entry.path: entry for entry in self.added}
        for path in [*entries, *(f"{_STORE}/{package.base}" for package in packages)]:
            for parent in self.image.parents(path):
                entries.setdefault(parent.path, parent)
        return tuple(sorted(entries.values(), key=lambda entry: entry.sort_key))

    def without_bare_store(self) -> "RootTree":
        """An empty tree if only the directory of packages would be added."""
        if [entry.path for entry in self.added] != [_STORE]:
            return self
        entries = {path: entry for path, entry in self.image.entries.items() if path != _STORE}
        return RootTree((), replace(self.image, entries=entries))


def plan_root_tree(
    contents: Mapping[str, Entry],
    fields: RootFields,
    read_source: Callable[[str], bytes],
    base: ImageTree = _NOTHING,
) -> RootTree:
    """The tree of `contents` (by path, with the data of files) and `fields` on top of `base`.

    `read_source` returns the bytes of a `FileSpec.source`. If a field puts something at a path that
    `contents` have, a LadingError names both. Files and links of the base may be replaced; its
    directories may not. Paths go through the base's links, so that a link from `/bin` to `usr/bin`
    stays (nixpkgs#57073, rules_oci#857).
    """
    tree = _Tree(base)
    for _, entry in sorted(contents.items()):
        tree.add_content(entry)
    for path, spec in fields.files.items():
        data = read_source(spec.source) if spec.source else spec.text.encode("utf-8")
        tree.add("files", Entry(path, Kind.FILE, spec.mode, data=data), spec.owner)
    for path, target in fields.symlinks.items():
        tree.add("symlinks", Entry.symlink(path, target))
    if fields.accounts:
        tree.add_accounts(fields)
    for path, directory in fields.directories.wanted.items():
        tree.add_directory(path, directory)
    for path, directory in fields.directories.defaults.items():
        if not tree.has(path):
            tree.add_directory(path, directory)
    return tree.resolved()


class _Tree:
    """A tree while it grows. Owners are looked up at the end, when all users are known."""

    def __init__(self, base: ImageTree) -> None:
        self._base = base
        self._entries: Dict[str, Entry] = {}
        self._origins: Dict[str, str] = {}
        self._owners: Dict[str, Tuple[str, Owner]] = {}
        present = base.entries.get(_STORE)
        if present is not None and present.kind != Kind.DIRECTORY:
            # Runtimes would look for the packages behind a link, or refuse the image.
            raise LadingError(
                f"the base's {STORE_DIR} is not a directory, but the packages of an image are "
                "there. Choose another base."
            )
        if present is None:
            self._put("contents", Entry.directory(_STORE))

    def has(self, path: str) -> bool:
        place = self._base.locate(path)
        return place in self._entries or place in self._base.entries

    def add(self, field: str, entry: Entry, owner: Owner = ROOT_OWNER) -> str:
        """Returns the path through the base's links."""
        place = self._place(field, entry.path)
        self._add_parents(field, place)
        placed = replace(entry, path=place)
        present = self._entries.get(place)
        if present is None:
            self._check_base(field, entry)
        elif present != placed and (entry.kind, present.kind) != (Kind.DIRECTORY,) * 2:
            raise self._conflict(field, entry.path, place, _as(present))
        self._put(field, placed, owner)
        if place != entry.path:
            self._origins[place] += f" as '/{entry.path}'"
        return place

    def add_content(self, entry: Entry) -> None:
        if entry.kind == Kind.DIRECTORY:
            if self._base.directory(entry.path) is None:
                self.add("contents", entry)
            return
        present = self._base.accounts.to_data().get(entry.path, entry.data)
        if present != entry.data:
            raise LadingError(
                f"`contents` has '/{entry.path}' from /{entry.source}, and the base has another "
                "one. Leave it out, and declare in `users` and `groups` what the base lacks."
            )
        place = self.add("contents", entry)
        origin = entry.target or f"/{entry.source}"
        self._origins[place] = f"comes from {origin} in `contents`"

    def add_accounts(self, fields: RootFields) -> None:
        """Add root, nobody and the declared users and groups to the existing ones."""
        for path, data in self._accounts.extended(fields.accounts).to_data().items():
            place = self._place("users", path)
            self._add_parents("users", place)
            entry = Entry(path, Kind.FILE, ACCOUNT_FILES[path], data=data)
            self._check_base("users", entry)
            entry = as_in_base(replace(entry, path=place), self._base)
            self._put("users", entry, Owner(str(entry.uid), str(entry.gid)))
        path, data = NSSWITCH
        if not self.has(path):
            self.add("users", Entry(path, Kind.FILE, 0o644, data=data))

    def add_directory(self, path: str, spec: DirectorySpec) -> None:
        present = self._base.directory(path)
        place = present.path if present is not None else path
        self.add(DIRECTORIES, Entry.directory(place, spec.mode), spec.owner)

    def resolved(self) -> RootTree:
        accounts = self._accounts
        entries = {}
        for path, entry in self._entries.items():
            field, owner = self._owners[path]
            uid, gid = owner.resolve(field, f"/{path}", accounts)
            entries[path] = replace(entry, uid=uid, gid=gid)
        in_image = {path: described(entry, path) for path, entry in entries.items()}
        in_base = self._base.accounts.to_data()
        added = [
            entry
            for path, entry in entries.items()
            if in_image[path] != self._base.entries.get(path)
            or (entry.kind == Kind.FILE and in_base.get(path) != entry.data)
        ]
        entries = {**self._base.entries, **in_image}
        image = replace(self._base, entries=entries, accounts=accounts)
        return RootTree(tuple(sorted(added, key=lambda entry: entry.sort_key)), image)

    @property
    def _accounts(self) -> AccountFiles:
        data = self._base.accounts.to_data()
        for path in ACCOUNT_FILES:
            entry = self._entries.get(self._base.locate(path) or path)
            if entry is not None:
                data[path] = entry.data
        return AccountFiles.from_data(data)

    def _check_base(self, field: str, entry: Entry) -> None:
        """Checks that the base has no directory at the path of a file or link, and nothing but a
        directory at the path of a directory."""
        in_base = self._base.directory(entry.path)
        if entry.kind != Kind.DIRECTORY and in_base is not None:
            raise _base_conflict(field, entry.path, entry.path, "is a directory")
        if entry.kind == Kind.DIRECTORY and in_base is None and self.has(entry.path):
            raise _base_conflict(field, entry.path, entry.path, "is not a directory")

    def _place(self, field: str, path: str) -> str:
        """The location of `path` through the base's links."""
        place = self._base.locate(path)
        if place is None:
            raise _base_conflict(field, path, posixpath.dirname(path), "leads nowhere in it")
        return place

    def _put(self, field: str, entry: Entry, owner: Owner = ROOT_OWNER) -> None:
        self._entries[entry.path] = entry
        self._origins[entry.path] = f"is in `{field}`"
        self._owners[entry.path] = (field, owner)

    def _add_parents(self, field: str, place: str) -> None:
        parent = posixpath.dirname(place)
        present = self._entries.get(parent) or self._base.entries.get(parent)
        if present is not None and present.kind != Kind.DIRECTORY:
            if parent not in self._entries:
                raise _base_conflict(field, place, parent, "is not a directory")
            raise self._conflict(field, place, parent, " and is not a directory")
        if parent and present is None:
            self._add_parents(field, parent)
            self._put(field, Entry.directory(parent))

    def _conflict(self, field: str, path: str, place: str, why: str) -> LadingError:
        return LadingError(
            f"`{field}` has '/{path}', but '/{place}' {self._origins[place]}{why}. Remove one of "
            "them."
        )


def as_in_base(entry: Entry, base: ImageTree) -> Entry:
    """With the owner and mode of the base's file that it replaces, if Lading rewrites that file: a
    setgid program may have to read it."""
    present = base.entries.get(base.locate(f"{entry.path}/.") or "")
    if present is None or (present.kind, entry.kind) != (Kind.FILE, Kind.FILE):
        return entry
    return replace(entry, mode=present.mode, uid=present.uid, gid=present.gid)


def _base_conflict(field: str, path: str, place: str, what: str) -> LadingError:
    return LadingError(
        f"`{field}` has '/{path}', but '/{place}' of the base {what}. Choose another path, or "
        "another base."
    )


def _as(present: Entry) -> str:
    return " as a directory" if present.kind == Kind.DIRECTORY else ""
