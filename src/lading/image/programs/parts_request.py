"""What `parts_layer_main` makes a layer of."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Tuple

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

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "PartsRequest":
        fields: Dict[str, Any] = json.loads(text)
        parts = tuple(PartFiles(**part) for part in fields["parts"])
        return cls(parts, fields["base_tree"], fields["created_by"], tuple(fields["taken"]))
