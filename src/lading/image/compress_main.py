"""Compress a store package, once for all layers: `compress_main LIBRARY SEGMENT PATH BLOB LAYER`.

LIBRARY is what `open_compressor` takes, PATH the store path. BLOB is the layer of that package
alone, LAYER the JSON of the `PackageLayer`.
"""

from pathlib import Path
from typing import List

from lading.image.layer_compression import open_compressor
from lading.image.package_layer import write_package_layer
from lading.program import run
from lading.store.path import StorePath


def main(argv: List[str]) -> None:
    library, segment, path, blob, description = argv
    partial = Path(blob + ".partial")
    created_by = f"lading: {StorePath.parse(path).name}"
    with partial.open("wb") as file, open_compressor(library) as compressor:
        layer = write_package_layer(Path(segment), compressor, file, created_by)
    Path(description).write_text(layer.to_json(), encoding="utf-8")
    partial.replace(blob)


if __name__ == "__main__":
    run(main)
