"""Make a layer of several packages: `packages_layer_main REQUEST LIBRARY BLOB LAYER`.

REQUEST is the JSON of `PackagesLayerRequest`, LIBRARY what `open_compressor` takes, LAYER the JSON
of the `Layer`.
"""

import json
from pathlib import Path
from typing import List

from lading.image.layer_compression import open_compressor
from lading.image.layer_request import PackagesLayerRequest
from lading.image.layer_writer import package_segments, write_layer
from lading.image.package_layer import STORE_HEAD
from lading.program import run


def main(argv: List[str]) -> None:
    request_file, library, blob, description = argv
    request = PackagesLayerRequest.from_json(Path(request_file).read_text(encoding="utf-8"))
    segments = package_segments(package.files for package in request.packages)
    partial = Path(blob + ".partial")
    with partial.open("wb") as file, open_compressor(library) as compressor:
        layer = write_layer(STORE_HEAD, segments, compressor, file, request.created_by)
    text = json.dumps(layer.to_dict(), sort_keys=True, indent=2) + "\n"
    Path(description).write_text(text, encoding="utf-8")
    partial.replace(blob)


if __name__ == "__main__":
    run(main)
