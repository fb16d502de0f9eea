"""What `run_main` runs."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Tuple

from lading.engines.container_engine import Engine
from lading.image.programs.archive_request import LayerFiles


@dataclass(frozen=True)
class ImageRunRequest:
    """`config` and `manifest` are the image's files, `tags` its full names, such as
    `redis:7.0.15`; all paths are below the sandbox.
    """

    engine: Engine
    config: str
    manifest: str
    tags: Tuple[str, ...]
    layers: Tuple[LayerFiles, ...]
    libzstd: str

    def to_json(self) -> str:
        fields = {**asdict(self), "engine": self.engine.value}
        return json.dumps(fields, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ImageRunRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            **{
                **fields,
                "engine": Engine(fields["engine"]),
                "tags": tuple(fields["tags"]),
                "layers": tuple(LayerFiles(**layer) for layer in fields["layers"]),
            }
        )
