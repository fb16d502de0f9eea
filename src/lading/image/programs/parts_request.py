"""What `parts_layer_main` makes a layer of."""

from dataclasses import dataclass
from typing import Tuple

from lading.image.layers.part_files import PartFiles


@dataclass(frozen=True)
class PartsRequest:
    """`base_tree` is the path of the JSON of the `ImageTree` that the layer is put on, or "".

    `taken` are paths, without leading slashes, at which the image itself has something.
    """

    parts: Tuple[PartFiles, ...]
    base_tree: str
    created_by: str
    taken: Tuple[str, ...] = ()
