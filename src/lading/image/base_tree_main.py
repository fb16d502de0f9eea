"""Find out what lies in a pulled image: `base_tree_main REQUEST TREE`.

REQUEST is the JSON `{"layers": [{"digest": ..., "listing": ...}]}`, lowest first, of listings that
`base_layer_main` wrote; TREE is the JSON of the `ImageTree`.
"""

import json
from pathlib import Path
from typing import List

from lading.image.base_layer_request import layer_subject
from lading.image.layer_error import about_layer
from lading.image.layer_listing import read_listing
from lading.image.merged_tree import MergedTree
from lading.program import run
from lading.whole_file import write_whole


def main(argv: List[str]) -> None:
    request, output = argv
    tree = MergedTree()
    for layer in json.loads(Path(request).read_text(encoding="utf-8"))["layers"]:
        subject = layer_subject(layer["digest"])
        with open(layer["listing"], encoding="ascii") as listing, about_layer(subject):
            tree.apply(read_listing(listing))
    write_whole(Path(output), tree.to_image_tree().to_json())


if __name__ == "__main__":
    run(main)
