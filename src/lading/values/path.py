"""Paths in the store: `/store/<hash>-<name>`."""

import re
from dataclasses import dataclass

from lading.values.errors import LadingError

#: The directory of all store packages, in sandboxes and in images.
STORE_DIR = "/store"

#: The number of characters of a store path's hash (Nix base-32 of 20 bytes).
HASH_LENGTH = 32

# Nix, store/store-path: at most 211 characters of these, not starting with a dot.
_NAME = re.compile(r"[0-9a-zA-Z+\-_?=][0-9a-zA-Z+\-._?=]{0,210}\Z")
_BASE = re.compile(r"(?P<hash>[0-9a-df-np-sv-z]{32})-(?P<name>.+)\Z")


def check_store_name(name: str) -> str:
    """Returns `name` if it can follow the hash in a store path; raises a `LadingError`
    otherwise."""
    if not _NAME.match(name):
        raise LadingError(
            f"{name!r} can't be the name of a store path: use 1 to 211 letters, digits and "
            "+ - . _ ? =, not starting with a dot."
        )
    return name


@dataclass(frozen=True, order=True)
class StorePath:
    """One store path. Paths are sorted by hash, so the order of packages does not follow names."""

    hash: str
    name: str

    @property
    def base(self) -> str:
        """The last component: `<hash>-<name>`."""
        return f"{self.hash}-{self.name}"

    def __str__(self) -> str:
        return f"{STORE_DIR}/{self.base}"

    @classmethod
    def parse(cls, text: str) -> "StorePath":
        """Parses `/store/<hash>-<name>`. Raises `LadingError` for anything else."""
        directory, _, base = text.rpartition("/")
        match = _BASE.match(base)
        if directory != STORE_DIR or match is None:
            raise LadingError(f"{text!r} is not a store path like {STORE_DIR}/<hash>-<name>.")
        return cls(match["hash"], check_store_name(match["name"]))
