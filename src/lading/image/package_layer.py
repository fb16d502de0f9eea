"""The layer of one store package, in which the package is compressed for all layers."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lading.image.hashed_output import HashedOutput
from lading.image.layer import Layer
from lading.image.layer_compressor import LayerCompressor
from lading.image.layer_writer import SegmentFiles, hash_archive, head_segment
from lading.image.root_entry import RootEntry
from lading.store.path import STORE_DIR
from lading.tar_header import END_OF_ARCHIVE

#: What a layer that has packages and nothing else has above them.
STORE_HEAD = head_segment((RootEntry.directory(STORE_DIR.lstrip("/")),))


@dataclass(frozen=True)
class PackageLayer:
    """`layer` has the package alone; from `offset` on, `size` bytes of its blob are the package's
    segment, compressed, without what a layer has before and behind it."""

    layer: Layer
    offset: int
    size: int

    def segment_files(self, segment: Path, blob: Path) -> SegmentFiles:
        return SegmentFiles(segment, blob, self.offset, self.size)

    def to_json(self) -> str:
        """Another form of the layer's own JSON, which `Layer.read` reads as well."""
        part = {"offset": self.offset, "size": self.size}
        return (
            json.dumps({**self.layer.to_dict(), "package": part}, sort_keys=True, indent=2) + "\n"
        )

    @classmethod
    def read(cls, description: Path) -> "PackageLayer":
        """From the JSON of `to_json`."""
        fields = json.loads(description.read_text(encoding="utf-8"))
        return cls(Layer.from_dict(fields), fields["package"]["offset"], fields["package"]["size"])


def write_package_layer(
    segment: Path, compressor: LayerCompressor, output: BinaryIO, created_by: str
) -> PackageLayer:
    """Compress the segment of a package, and write the blob of the layer to `output`."""
    blob = HashedOutput(output)
    with ThreadPoolExecutor(1) as pool, segment.open("rb") as tar:
        archive = pool.submit(hash_archive, STORE_HEAD, [segment])
        compressor.compress(io.BytesIO(STORE_HEAD), blob)
        offset = blob.size
        compressor.compress(tar, blob)
        end = blob.size
        compressor.compress(io.BytesIO(END_OF_ARCHIVE), blob)
        diff_id, tar_size = archive.result()
    layer = Layer(
        digest=blob.sha256,
        diff_id=diff_id,
        size=blob.size,
        media_type=compressor.media_type,
        created_by=created_by,
        tar_size=tar_size,
    )
    return PackageLayer(layer, offset, end - offset)
