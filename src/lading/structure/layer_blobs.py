"""The layers of an image as files, whatever they are compressed by."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Tuple

from lading.image.layer_blob import BlobReader, Compression


@dataclass(frozen=True)
class LayerBlobs:
    """`blobs` are absolute paths, lowest first; `libzstd` is the library's, which only blobs of
    zstd need."""

    blobs: Tuple[Path, ...]
    libzstd: str

    @contextmanager
    def open(self, number: int) -> Iterator[Iterator[bytes]]:
        """The tar archive of the layer, in chunks. It can be read in a chroot."""
        reader = BlobReader(self.libzstd)
        with self.blobs[number].open("rb") as blob:
            yield reader.chunks(blob, Compression.of(blob))
