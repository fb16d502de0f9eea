"""Writes changes as the tar archive of a layer."""

from pathlib import Path
from typing import BinaryIO, Iterator, Sequence

from lading.files.tree import Entry
from lading.image.layers.changes import Change
from lading.tar import tar_header
from lading.tar.tar_header import TarMember

_CHUNK = 1 << 20
_WHITEOUT_MODE = 0o644


def write_changes(changes: Sequence[Change], root: Path, output: BinaryIO) -> None:
    """Write the archive; contents come from the tree at `root`, in which nothing may change."""
    for change in changes:
        member = _member(change)
        output.write(tar_header.header(member))
        if member.type == tar_header.FILE and member.size:
            _copy(root / change.path, member.size, output)
            output.write(tar_header.padding(member.size))
    output.write(tar_header.END_OF_ARCHIVE)


def changed_entries(changes: Sequence[Change], root: Path) -> Iterator[Entry]:
    """What lies in the tree at `root` now where something changed."""
    for change in changes:
        if change.node:
            host = root / change.path
            status = host.lstat()
            yield Entry(change.path, str(host), status.st_mode, status.st_ino, status.st_size)


def _member(change: Change) -> TarMember:
    node = change.node
    if node is None:
        return TarMember(change.member_path, tar_header.FILE, _WHITEOUT_MODE)
    first = node.links[0] if node.links else change.path
    if first != change.path:
        return TarMember(change.path, tar_header.HARDLINK, node.mode, 0, first, node.uid, node.gid)
    return TarMember(
        path=change.path,
        type=node.type,
        mode=node.mode,
        size=node.size,
        target=node.target,
        uid=node.uid,
        gid=node.gid,
        xattrs=node.attributes,
        device=node.device or (0, 0),
    )


def _copy(source: Path, size: int, output: BinaryIO) -> None:
    left = size
    with source.open("rb") as file:
        while left:
            chunk = file.read(min(_CHUNK, left))
            assert chunk, f"{source} became shorter, though its last process has ended"
            left -= output.write(chunk)
