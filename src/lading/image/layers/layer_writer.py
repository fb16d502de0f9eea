"""Writes a layer: head segment, package segments and end marker, as tar and compressed.

Each part is compressed separately, as gzip members or zstd frames, and these can be concatenated.
So a package is compressed once, however many layers it is in, and a layer is made by copying bytes.
"""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Callable, Iterable, Iterator, Optional, Sequence, Tuple

from lading.compression.hashed_io import HashedOutput
from lading.compression.layer_compressor import LayerCompressor
from lading.files.content_time import content_time
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.config.layer import Layer
from lading.tar import tar_header
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.values.chunks import chunks
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.path import StorePath


@dataclass(frozen=True)
class SegmentFiles:
    """A segment and its compressed form: `size` bytes of a file from `offset` on, or the whole
    file."""

    segment: Path
    compressed: Path
    offset: int = 0
    size: Optional[int] = None


@dataclass(frozen=True)
class PackageFiles:
    """The files of a package's segment."""

    path: StorePath
    files: SegmentFiles


@dataclass(frozen=True)
class LayerWriter:
    """Writes the blob of a layer to `output`. `created_by` is for the image's history."""

    compressor: LayerCompressor
    output: BinaryIO
    created_by: str

    def write(self, head: bytes, segments: Sequence[SegmentFiles]) -> Layer:
        """No path may be in two of `segments`, or in one of them and in `head`."""

        def copy(blob: HashedOutput) -> None:
            for files in segments:
                for chunk in _chunks(files.compressed, files.offset, files.size):
                    blob.write(chunk)

        layer, _ = self.write_around(head, [files.segment for files in segments], copy)
        return layer

    def write_around(
        self, head: bytes, segments: Sequence[Path], write_middle: Callable[[HashedOutput], None]
    ) -> Tuple[Layer, range]:
        """Like `write`, but `write_middle` writes the compressed `segments`. Returns with the layer
        where they are in the blob, in bytes."""
        blob = HashedOutput(self.output)
        # Both compute hashes, which takes most of the time; another thread can do it meanwhile.
        with ThreadPoolExecutor(1) as pool:
            archive = pool.submit(_hash_archive, head, segments)
            self.compressor.compress(io.BytesIO(head), blob)
            start = blob.size
            write_middle(blob)
            middle = range(start, blob.size)
            self.compressor.compress(io.BytesIO(END_OF_ARCHIVE), blob)
            diff_id, tar_size = archive.result()
        layer = Layer(
            digest=blob.sha256,
            diff_id=diff_id,
            size=blob.size,
            media_type=self.compressor.media_type,
            created_by=self.created_by,
            tar_size=tar_size,
        )
        return layer, middle


def head_segment(entries: Sequence[Entry]) -> bytes:
    """The tar members of the root tree."""
    parts = []
    for entry in entries:
        if entry.kind == Kind.FILE:
            mtime = content_time(Sha256.of(entry.data))
            entry = replace(entry, size=len(entry.data), mtime=mtime)
        parts += [tar_header.header(entry), entry.data, tar_header.padding(len(entry.data))]
    return b"".join(parts)


def package_segments(packages: Iterable[PackageFiles]) -> Tuple[SegmentFiles, ...]:
    """The segments in an order that depends only on the set of packages. No two may be the same:
    podman refuses a layer that has a path twice."""
    ordered = sorted(packages, key=lambda package: package.path)
    for one, next_one in zip(ordered, ordered[1:]):
        if one.path == next_one.path:
            raise LadingError(f"{one.path} is twice in one layer.")
    return tuple(package.files for package in ordered)


def _hash_archive(head: bytes, segments: Iterable[Path]) -> Tuple[Sha256, int]:
    """Digest and size of the tar of these segments, concatenated, and the end marker."""
    digest = hashlib.sha256(head)
    size = len(head) + len(END_OF_ARCHIVE)
    for segment in segments:
        for chunk in _chunks(segment):
            digest.update(chunk)
            size += len(chunk)
    digest.update(END_OF_ARCHIVE)
    return Sha256(digest.hexdigest()), size


def _chunks(path: Path, offset: int = 0, size: Optional[int] = None) -> Iterator[bytes]:
    left = path.stat().st_size - offset if size is None else size
    with path.open("rb") as file:
        file.seek(offset)
        for chunk in chunks(file, left):
            left -= len(chunk)
            yield chunk
    assert not left, f"{path} is shorter than its description says"
