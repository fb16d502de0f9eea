"""Compress a store package, once for all layers: `compress_main LIBRARY SEGMENT PATH BLOB LAYER`.

LIBRARY is passed to `open_compressor`, PATH is the store path. BLOB is a layer with only that
package, LAYER the JSON of its `Layer`.
"""

from pathlib import Path
from typing import List

from lading.compression.layer_compression import open_compressor
from lading.image.layers.layer_writer import LayerWriter
from lading.image.layers.package_layer import write_package_layer
from lading.runtime.program import run
from lading.runtime.whole_file import whole_file, write_whole
from lading.values.json_codec import to_json
from lading.values.path import StorePath


def main(argv: List[str]) -> None:
    library, segment, path, blob, description = argv
    created_by = f"lading: {StorePath.parse(path).name}"
    with whole_file(Path(blob)) as file:
        with open_compressor(library) as compressor:
            writer = LayerWriter(compressor, file, created_by)
            layer = write_package_layer(Path(segment), writer)
        write_whole(Path(description), to_json(layer))


if __name__ == "__main__":
    run(main)
