"""List the files of a pulled image: `base_tree_main REQUEST TREE`.

REQUEST is the JSON of a `BaseTreeRequest`, TREE that of the `ImageTree`.
"""

from pathlib import Path
from typing import List

from lading.files.bounds import UnpackBound
from lading.files.layer_error import about_layer
from lading.image.config.layer import Layer
from lading.image.layers.layer_listing import read_listing
from lading.image.layers.merged_tree import MergedTree
from lading.image.programs.base_layer_request import BaseTreeRequest, layer_subject
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.values.json_codec import read_json, to_json


def main(argv: List[str]) -> None:
    request_file, output = argv
    request = read_json(BaseTreeRequest, Path(request_file))
    layers = [Layer.read(Path(files.description)) for files in request.layers]
    with about_layer("the base"):
        bound = UnpackBound(sum(layer.size for layer in layers), request.max_unpacked_size)
        bound.take(sum(layer.tar_size + layer.holes for layer in layers))
    tree = MergedTree()
    for layer, files in zip(layers, request.layers):
        subject = layer_subject(str(layer.digest))
        with open(files.listing, encoding="ascii") as listing, about_layer(subject):
            tree.apply(read_listing(listing))
    write_whole(Path(output), to_json(tree.to_image_tree()))


if __name__ == "__main__":
    run(main)
