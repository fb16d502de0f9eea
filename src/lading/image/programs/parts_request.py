"""The request of `parts_layer_main`."""

from dataclasses import dataclass
from typing import Tuple

from lading.image.layers.part_files import PartFiles


@dataclass(frozen=True)
class PartsRequest:
    """`base_tree` is the path of the JSON of the `ImageTree` below this layer, or "".

    `taken` are paths, without leading slashes, that the image itself uses.
    """

    parts: Tuple[PartFiles, ...]
    base_tree: str
    created_by: str
    taken: Tuple[str, ...] = ()
