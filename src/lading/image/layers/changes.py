"""What a layer must hold to turn one tree into another.

OCI image-spec, layer.md, "Change Types". The changes follow from the two states alone, not from
how the one became the other: a directory that was removed and made again with the same content
is no change.
"""

import posixpath
from dataclasses import dataclass
from typing import Iterator, Optional, Set, Tuple

from lading.files.whiteouts import PREFIX, whiteout
from lading.image.layers.tree_state import Node, TreeState
from lading.tar import tar_header
from lading.values.errors import LadingError


@dataclass(frozen=True)
class Change:
    """`node` is what lies at `path` now; None if it was deleted."""

    path: str
    node: Optional[Node]

    @property
    def member_path(self) -> str:
        """The path of its member in a layer."""
        return self.path if self.node else whiteout(self.path)


def find_changes(before: TreeState, after: TreeState) -> Tuple[Change, ...]:
    """The changes in the order of their members, parents first.

    Directories above a change are among them, unchanged, since readers give a directory without
    an entry an owner and mode of their own (image-spec#737). Of a deleted directory there is one
    deletion and none beneath it (umoci#254).
    """
    written = {path for path, node in after.items() if before.get(path) != node}
    deleted = {path for path in before.keys() - after.keys() if _is_directory(after, path)}
    written.update(parent for path in (*written, *deleted) for parent in _parents(path))
    _refuse_whiteouts(written)
    _refuse_devices(written, after)
    changes = [
        *(Change(path, after[path]) for path in written),
        *(Change(path, None) for path in deleted),
    ]
    return tuple(sorted(changes, key=lambda change: change.member_path.split("/")))


def _is_directory(after: TreeState, path: str) -> bool:
    """Whether the parent of `path` is still there to delete from."""
    parent = posixpath.dirname(path)
    return not parent or (parent in after and after[parent].type == tar_header.DIRECTORY)


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _refuse_whiteouts(written: Set[str]) -> None:
    for path in sorted(written):
        if posixpath.basename(path).startswith(PREFIX):
            raise LadingError(
                f"`run_as_root` made /{path}, but in a layer a name that starts with {PREFIX} "
                "deletes a file: give it another name."
            )


def _refuse_devices(written: Set[str], after: TreeState) -> None:
    for path in sorted(written):
        if after[path].type in tar_header.DEVICES and after[path].device is None:
            raise LadingError(
                f"`run_as_root` made the device /{path}, of which nobody can know which one it "
                "shall be: leave it out, since containers get their devices when they start."
            )
