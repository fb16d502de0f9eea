"""Writes a layer: head segment, package segments and end marker, as tar and as gzip of it.

Each part is a gzip stream of its own, and gzip streams concatenate. So packages are compressed
once, whatever number of layers they are in, and a layer is made by copying bytes.
"""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Iterable, Iterator, Sequence, Tuple

from lading import tar_header
from lading.digest import Sha256
from lading.errors import LadingError
from lading.image.deflate import Deflate
from lading.image.hashed_output import HashedOutput
from lading.image.layer import GZIP_MEDIA_TYPE, Layer
from lading.image.root_entry import RootEntry
from lading.store import members as kinds
from lading.store.path import StorePath
from lading.tar_header import TarMember

_CHUNK = 1 << 20

_TAR_TYPES = {
    kinds.FILE: tar_header.FILE,
    kinds.DIRECTORY: tar_header.DIRECTORY,
    kinds.SYMLINK: tar_header.SYMLINK,
}


@dataclass(frozen=True)
class SegmentFiles:
    """A segment and the gzip of it."""

    segment: Path
    compressed: Path


@dataclass(frozen=True)
class PackageFiles:
    """A package's segment."""

    path: StorePath
    files: SegmentFiles


def write_layer(
    head: bytes,
    segments: Iterable[SegmentFiles],
    deflate: Deflate,
    output: BinaryIO,
    created_by: str,
) -> Layer:
    """Write the gzip of the layer to `output`. No path may be in two of `segments`, or in one and
    in `head`."""
    blob = HashedOutput(output)
    diff = hashlib.sha256(head)
    tar_size = len(head) + len(tar_header.END_OF_ARCHIVE)
    deflate.compress(io.BytesIO(head), blob)
    for files in segments:
        for chunk in _chunks(files.segment):
            diff.update(chunk)
            tar_size += len(chunk)
        for chunk in _chunks(files.compressed):
            blob.write(chunk)
    diff.update(tar_header.END_OF_ARCHIVE)
    deflate.compress(io.BytesIO(tar_header.END_OF_ARCHIVE), blob)
    return Layer(
        digest=blob.sha256,
        diff_id=Sha256(diff.hexdigest()),
        size=blob.size,
        media_type=GZIP_MEDIA_TYPE,
        created_by=created_by,
        tar_size=tar_size,
    )


def head_segment(entries: Sequence[RootEntry]) -> bytes:
    """The tar members of the root tree."""
    parts = []
    for entry in entries:
        member = TarMember(
            path=entry.path,
            type=_TAR_TYPES[entry.type],
            mode=entry.mode,
            size=len(entry.data),
            target=entry.target,
            uid=entry.uid,
            gid=entry.gid,
        )
        parts += [tar_header.header(member), entry.data, tar_header.padding(len(entry.data))]
    return b"".join(parts)


def package_segments(packages: Iterable[PackageFiles]) -> Tuple[SegmentFiles, ...]:
    """In an order that depends on the set of packages alone. No two of them may be the same:
    podman refuses a layer that has a path twice."""
    ordered = sorted(packages, key=lambda package: package.path)
    for one, next_one in zip(ordered, ordered[1:]):
        if one.path == next_one.path:
            raise LadingError(f"{one.path} is twice in one layer.")
    return tuple(package.files for package in ordered)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
