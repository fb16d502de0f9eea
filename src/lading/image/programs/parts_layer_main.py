"""Make a layer of trees of files: `parts_layer_main REQUEST LIBRARY OUTPUT DESCRIPTION TREE`.

REQUEST is the JSON of `PartsRequest`, LIBRARY what `open_compressor` takes, DESCRIPTION the JSON of
`Layer`, TREE that of the `ImageTree` of the image so far; OUTPUT is the blob.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Set, Tuple

from lading.compression.layer_compression import open_compressor
from lading.image.layers.part_files import PartFiles
from lading.image.layers.parts_layer import write_descriptions, write_parts_layer
from lading.image.layers.tree_parts import TreePart, plan_parts
from lading.image.root.image_tree import ImageTree
from lading.runtime.program import run
from lading.values.errors import LadingError
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class PartsRequest:
    """`base_tree` is the path of the JSON of the `ImageTree` below this layer, or "".

    `taken` are paths, without leading slashes, that the image itself uses.
    """

    parts: Tuple[PartFiles, ...]
    base_tree: str
    created_by: str
    taken: Tuple[str, ...] = ()


def main(argv: List[str]) -> None:
    request_file, library, output, description, tree_file = argv
    request = read_json(PartsRequest, Path(request_file))
    base = ImageTree()
    if request.base_tree:
        base = read_json(ImageTree, Path(request.base_tree))
    parts = [part.read() for part in request.parts]
    _check_taken(parts, set(request.taken))
    plan = plan_parts(parts, base)
    with open_compressor(library) as compressor:
        layer = write_parts_layer(plan, parts, compressor, Path(output), request.created_by)
    write_descriptions(layer, plan.image, Path(description), Path(tree_file))


def _check_taken(parts: Iterable[TreePart], taken: Set[str]) -> None:
    for part in parts:
        for member in part.members:
            if member.path in taken and not member.is_directory:
                raise LadingError(
                    f"{part.name} has /{member.path}, which the image makes itself. Leave out one "
                    "of them."
                )


if __name__ == "__main__":
    run(main)
