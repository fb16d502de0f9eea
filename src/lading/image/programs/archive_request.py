"""What `archive_main` makes an archive of."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Tuple


@dataclass(frozen=True)
class LayerFiles:
    """A layer's blob and its JSON description, as paths below the sandbox."""

    blob: str
    description: str


@dataclass(frozen=True)
class ArchiveRequest:
    """`config` and `manifest` are the image's files, `layers` those of its layers, lowest first;
    `tags` are full names, such as `redis:7.0.15`."""

    config: str
    manifest: str
    tags: Tuple[str, ...]
    layers: Tuple[LayerFiles, ...]

    def to_json(self) -> str:
        fields = {**vars(self), "layers": [vars(layer) for layer in self.layers]}
        return json.dumps(fields, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ArchiveRequest":
        fields: Dict[str, Any] = json.loads(text)
        layers = tuple(LayerFiles(**layer) for layer in fields["layers"])
        return cls(**{**fields, "tags": tuple(fields["tags"]), "layers": layers})
