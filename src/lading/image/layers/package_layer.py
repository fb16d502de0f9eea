"""The layer of one store package, in which the package is compressed for all layers."""

import json
from dataclasses import dataclass
from pathlib import Path

from lading.compression.hashed_io import HashedOutput
from lading.files.root_entry import RootEntry
from lading.image.config.layer import Layer
from lading.image.layers.layer_writer import LayerWriter, SegmentFiles, head_segment
from lading.values.path import STORE_DIR

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


def write_package_layer(segment: Path, writer: LayerWriter) -> PackageLayer:
    """Compress the segment of a package, and write the blob of the layer."""

    def compress(blob: HashedOutput) -> None:
        with segment.open("rb") as tar:
            writer.compressor.compress(tar, blob)

    layer, middle = writer.write_around(STORE_HEAD, [segment], compress)
    return PackageLayer(layer, middle.start, len(middle))
