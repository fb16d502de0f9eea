"""What a layer must contain to turn one tree into another.

OCI image-spec, layer.md, "Change Types". The changes follow from the two states alone, not from the
steps between them: a directory that was removed and created again with the same content is no
change.
"""

import posixpath
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Iterator, Optional, Sequence, Set, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.tree import HostFile
from lading.files.whiteouts import PREFIX, whiteout
from lading.image.layers.tree_state import TreeState
from lading.tar import tar_header
from lading.values.chunks import chunks
from lading.values.errors import LadingError


@dataclass(frozen=True)
class Change:
    """`entry` is what `path` has now; None if it was deleted."""

    path: str
    entry: Optional[Entry]

    @property
    def member_path(self) -> str:
        """The path of the change's member in a layer."""
        return self.path if self.entry else whiteout(self.path)


def find_changes(before: TreeState, after: TreeState) -> Tuple[Change, ...]:
    """The changes in the order of their members, parents first.

    Unchanged directories above a change are included, since readers give a directory without an
    entry their own choice of owner and mode (image-spec#737). A deleted directory is one deletion,
    with none beneath it (umoci#254).
    """
    written = {path for path, entry in after.items() if before.get(path) != entry}
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
    """Whether the parent of `path` still exists, so that something can be deleted from it."""
    parent = posixpath.dirname(path)
    return not parent or (parent in after and after[parent].is_directory)


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
        if after[path].kind.is_device and after[path].device is None:
            raise LadingError(
                f"`run_as_root` made the device /{path}, whose device numbers can't be recorded: "
                "leave it out, since containers get their devices when they start."
            )


_WHITEOUT_MODE = 0o644


def write_changes(changes: Sequence[Change], root: Path, output: BinaryIO) -> None:
    """Write the archive. Contents are read from the tree at `root`, which must not change
    meanwhile."""
    for change in changes:
        member = _member(change)
        output.write(tar_header.header(member))
        if member.kind == Kind.FILE and member.size and not member.hardlink:
            _copy(root / change.path, member.size, output)
            output.write(tar_header.padding(member.size))
    output.write(tar_header.END_OF_ARCHIVE)


def changed_entries(changes: Sequence[Change], root: Path) -> Iterator[HostFile]:
    """The entries of the tree at `root` that changed."""
    for change in changes:
        if change.entry:
            host = root / change.path
            yield HostFile(change.path, str(host), host.lstat())


def _member(change: Change) -> Entry:
    if change.entry is None:
        return Entry(change.member_path, Kind.FILE, _WHITEOUT_MODE)
    return replace(change.entry, xattrs=(), device=None) if change.entry.hardlink else change.entry


def _copy(source: Path, size: int, output: BinaryIO) -> None:
    left = size
    with source.open("rb") as file:
        for chunk in chunks(file, size):
            left -= output.write(chunk)
    assert not left, f"{source} became shorter, though its last process has ended"
