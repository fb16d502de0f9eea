"""The layer of one store package, in which the package is compressed for all layers."""

from dataclasses import replace
from pathlib import Path

from lading.compression.hashed_io import HashedOutput
from lading.files.entry import Entry
from lading.image.config.layer import Layer, PackagePart
from lading.image.layers.layer_writer import LayerWriter, head_segment
from lading.values.path import STORE_DIR

#: The members before the packages in a layer that has nothing else.
STORE_HEAD = head_segment((Entry.directory(STORE_DIR.lstrip("/")),))


def write_package_layer(segment: Path, writer: LayerWriter) -> Layer:
    """Compress a package's segment, and write the blob of its layer."""

    def compress(blob: HashedOutput) -> None:
        with segment.open("rb") as tar:
            writer.compressor.compress(tar, blob)

    layer, middle = writer.write_around(STORE_HEAD, [segment], compress)
    return replace(layer, package=PackagePart(middle.start, len(middle)))
