"""An image's fields about its root file system, besides `contents`."""

import posixpath
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, Mapping

from lading.image.root.account_files import ACCOUNT_FILES
from lading.image.root.accounts import Accounts
from lading.image.root.directories import Directories
from lading.image.root.file_trees import TreeSpec, parse_trees
from lading.image.root.root_files import FileSpec, parse_files, parse_symlinks
from lading.values.errors import LadingError


@dataclass(frozen=True)
class RootFields:
    """`symlinks` are targets by path. Paths have no leading slash, and those of `trees` none at the
    end."""

    accounts: Accounts
    directories: Directories
    symlinks: Mapping[str, str]
    files: Mapping[str, FileSpec]
    trees: Mapping[str, TreeSpec] = field(default_factory=dict)

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "RootFields":
        """Reads the fields' values by name; unset fields are missing. Raises a LadingError for an
        invalid value, and if two fields put something at the same place."""
        accounts = Accounts.parse(fields.get("users", {}), fields.get("groups", {}))
        parsed = cls(
            accounts=accounts,
            directories=Directories.parse(fields.get("directories", {}), bool(accounts)),
            symlinks=parse_symlinks(fields.get("symlinks", {})),
            files=parse_files(fields.get("files", {})),
            trees=parse_trees(fields.get("files", {})),
        )
        parsed._check_places()
        return parsed

    def _check_places(self) -> None:
        """Checks that no path has two things, and that only directories have something below
        them."""
        kinds: Dict[str, str] = {}
        if self.accounts:
            kinds.update((path, "users` or `groups") for path in ACCOUNT_FILES)
        for name, paths in (
            ("directories", self.directories.wanted),
            ("symlinks", self.symlinks),
            ("files", self.files),
        ):
            for path in paths:
                if path in kinds:
                    raise LadingError(
                        f"`{name}` has '/{path}', which `{kinds[path]}` makes too. Remove one of "
                        "them."
                    )
                kinds[path] = name
        for path in self.trees:
            if kinds.setdefault(path, "directories") != "directories":
                raise LadingError(
                    f"`files` has '/{path}/', which `{kinds[path]}` makes too. Remove one of them."
                )
        for path, name in kinds.items():
            for parent in _parents(path):
                if kinds.get(parent, "directories") != "directories":
                    raise LadingError(
                        f"`{name}` has '/{path}', but '/{parent}' is in `{kinds[parent]}` and so "
                        "no directory. Write the path without links, or remove one of them."
                    )


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def strings(value: Any) -> Iterator[str]:
    """The strings in a field's value that may contain `{//...}`: all except keys, ordered by their
    keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from strings(value[key])
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from strings(inner)


def fill_strings(value: Any, fill: Callable[[str], str]) -> Any:
    """`value`, as JSON can represent it, with `fill` applied to each of its `strings`."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, Mapping):
        # Keys of other types have not been refused yet.
        return {key: fill_strings(value[key], fill) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [fill_strings(inner, fill) for inner in value]
    return value
