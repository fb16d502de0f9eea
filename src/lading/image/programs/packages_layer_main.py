"""Make a layer of several packages: `packages_layer_main REQUEST LIBRARY BLOB LAYER`.

REQUEST is the JSON of `PackagesLayerRequest`, LIBRARY what `open_compressor` takes, LAYER the JSON
of the `Layer`.
"""

from pathlib import Path
from typing import List

from lading.compression.layer_compression import open_compressor
from lading.image.layers.layer_writer import LayerWriter, package_segments
from lading.image.layers.package_layer import STORE_HEAD
from lading.image.programs.layer_request import PackagesLayerRequest
from lading.runtime.program import run
from lading.runtime.whole_file import whole_file, write_whole
from lading.values.json_codec import read_json, to_json


def main(argv: List[str]) -> None:
    request_file, library, blob, description = argv
    request = read_json(PackagesLayerRequest, Path(request_file))
    segments = package_segments(package.files for package in request.packages)
    with whole_file(Path(blob)) as file, open_compressor(library) as compressor:
        layer = LayerWriter(compressor, file, request.created_by).write(STORE_HEAD, segments)
    write_whole(Path(description), to_json(layer))


if __name__ == "__main__":
    run(main)
