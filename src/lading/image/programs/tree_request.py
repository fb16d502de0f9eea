"""The request of `tree_main`."""

from dataclasses import dataclass
from typing import Optional, Tuple


@dataclass(frozen=True)
class TreeEntry:
    """A file, or a link if there is a `target`, by its path below the tree."""

    path: str
    is_executable: bool = False
    target: str = ""


@dataclass(frozen=True)
class TreeRequest:
    """Files of a target that are put below `place` of the image, which has no slashes at its ends.

    `entries` lie below the directory `source` of the sandbox; `directories` are empty ones. If
    `unpack` is set, the entries are a single archive. `mode` applies to plain files; None means the
    default. `user` and `group` are names or ids. Names are looked up in the `ImageTree` whose JSON
    is at `tree`, which may be "".
    """

    place: str
    source: str
    entries: Tuple[TreeEntry, ...]
    directories: Tuple[str, ...]
    unpack: bool
    mode: Optional[int]
    user: str
    group: str
    tree: str
