"""Make a layer of Debian packages at their usual paths:

    layer_main REQUEST LIBRARY OUTPUT DESCRIPTION TREE REPORT

REQUEST is the JSON of `DebianLayerRequest`, DESCRIPTION that of `Layer`, TREE that of the
`ImageTree` of the image so far, REPORT lists what maintainer scripts would have done; OUTPUT is the
blob. LIBRARY is passed to `open_compressor`.
"""

from dataclasses import replace
from pathlib import Path
from typing import List

from lading.compression.layer_compression import open_compressor
from lading.debian.dpkg_database import dpkg_status
from lading.debian.installed_tree import InstalledTree
from lading.debian.layer_request import DebianLayerRequest
from lading.debian.report import describe_packages
from lading.image.layers.parts_layer import write_descriptions, write_parts_layer
from lading.image.root.image_tree import ImageTree
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.values.counted import counted
from lading.values.json_codec import read_json, to_json


def main(argv: List[str]) -> None:
    request_file, library, output, description, tree_file, report = argv
    request = read_json(DebianLayerRequest, Path(request_file))
    base = ImageTree()
    if request.base_tree:
        base = read_json(ImageTree, Path(request.base_tree))
    with InstalledTree.of(request, base) as tree, open_compressor(library) as compressor:
        plan = tree.plan()
        status = base.dpkg_status + dpkg_status(tree.packages)
        accounts = tree.accounts({entry.path: entry for entry in plan.head})
        image = replace(plan.image, accounts=accounts, dpkg_status=status)
        created_by = f"lading: {counted(len(request.packages), 'Debian package')}"
        layer = write_parts_layer(plan, tree.parts, compressor, Path(output), created_by)
    write_descriptions(layer, image, Path(description), Path(tree_file))
    described = describe_packages(tree.packages, tree.effects, image.entries, tree.left_to_run)
    write_whole(Path(report), to_json(described))


if __name__ == "__main__":
    run(main)
