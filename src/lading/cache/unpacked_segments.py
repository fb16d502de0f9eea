"""Unpacks segments: tar archives of files, directories and links."""

import hashlib
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Callable, Iterator, List, Sequence, Tuple

from lading.cache.new_tree import DIRECTORY, NewTree, UnsoundError
from lading.values.chunks import chunks
from lading.values.errors import LadingError

#: Computes where a member's link leads from its target and the member's path.
_Target = Callable[[str, str], str]


@dataclass(frozen=True)
class SegmentFile:
    """`path` is a file on this machine, `sha256` (hex) its expected digest."""

    path: str
    sha256: str


def unpack_segments(
    segments: Sequence[SegmentFile],
    root: Path,
    below: str = "",
    target: _Target = lambda text, path: text,
) -> None:
    """Unpack the directory `below` of the segments to the new path `root`.

    No byte of a segment is used before the whole segment is verified. Raises LadingError for a
    segment with the wrong digest, or with members that are not `below` or would lead out of it. If
    two segments have the same file or link, the first one's is used. A file's mode is that of
    `NewTree`; it stays executable if its owner may execute it.
    """
    tree = NewTree(root)
    for segment in segments:
        with open(segment.path, "rb") as file:
            _check_digest(file, segment)
            file.seek(0)
            try:
                _unpack(file, tree, below, target)
            except (tarfile.TarError, UnsoundError, UnicodeError, ValueError) as error:
                raise LadingError(
                    f"The segment {segment.path} {error}, so it was not unpacked. Lading never "
                    "builds such a segment: remove it from the cache that it came from."
                ) from error
    tree.finish()


def _check_digest(file: BinaryIO, segment: SegmentFile) -> None:
    digest = hashlib.sha256()
    for chunk in chunks(file):
        digest.update(chunk)
    if digest.hexdigest() != segment.sha256:
        raise LadingError(
            f"The segment {segment.path} is damaged: its digest is {digest.hexdigest()}, not "
            f"{segment.sha256}. Pants' store is damaged (`local_store_dir` in [GLOBAL]): remove "
            "it, and run this again."
        )


def _unpack(file: BinaryIO, tree: NewTree, below: str, target: _Target) -> None:
    earlier = {path for path, kind in tree.kinds.items() if kind != DIRECTORY}
    hard_links: List[Tuple[str, str]] = []
    with tarfile.open(
        fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for info in archive:
            path = _relative(info.name, below)
            if path in earlier:
                continue
            if info.isdir():
                tree.directory(path)
            elif info.issym():
                tree.link(path, target(info.linkname, path))
            elif info.islnk():
                hard_links.append((path, _relative(info.linkname, below)))
            elif info.isreg():
                content = archive.extractfile(info)
                assert content is not None, "it is a file"
                tree.file(path, _chunks(content, info), bool(info.mode & 0o100))
            else:
                raise UnsoundError(f"has {info.name!r}, which is not a file, directory or link")
    for path, first in hard_links:
        tree.hard_link(path, first)


def _relative(name: str, below: str) -> str:
    if not below:
        return name
    if name != below and not name.startswith(f"{below}/"):
        raise UnsoundError(f"has {name!r}, which is outside of {below!r}")
    return name[len(below) + 1 :]


def _chunks(content: "IO[bytes]", info: tarfile.TarInfo) -> Iterator[bytes]:
    left = info.size
    for chunk in chunks(content, left):
        left -= len(chunk)
        yield chunk
    if left:
        raise UnsoundError(f"ends within {info.name!r}")
