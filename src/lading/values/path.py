"""Paths in the store: `/store/<hash>-<name>`."""

import re
from dataclasses import dataclass

from lading.values.errors import LadingError

#: The directory that all store packages lie in, in sandboxes and in images.
STORE_DIR = "/store"

#: Characters of a store path's hash (Nix base-32 of 20 bytes).
HASH_LENGTH = 32

# Nix, store/store-path: at most 211 characters of these, not starting with a dot.
_NAME = re.compile(r"[0-9a-zA-Z+\-_?=][0-9a-zA-Z+\-._?=]{0,210}\Z")
_BASE = re.compile(r"(?P<hash>[0-9a-df-np-sv-z]{32})-(?P<name>.+)\Z")


def check_store_name(name: str) -> str:
    """`name`, if it can stand in a store path behind the hash; else a `LadingError`."""
    if not _NAME.match(name):
        raise LadingError(
            f"{name!r} can't be the name of a store path: use 1 to 211 letters, digits and "
            "+ - . _ ? =, not starting with a dot."
        )
    return name


@dataclass(frozen=True, order=True)
class StorePath:
    """One store path. Sorted by hash, so that the order of packages does not follow names."""

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
        """From `/store/<hash>-<name>`; `LadingError` for anything else."""
        directory, _, base = text.rpartition("/")
        match = _BASE.match(base)
        if directory != STORE_DIR or match is None:
            raise LadingError(f"{text!r} is not a store path like {STORE_DIR}/<hash>-<name>.")
        return cls(match["hash"], check_store_name(match["name"]))
