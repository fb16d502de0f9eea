"""Which Python of an image `base_interpreter_main` takes, and where the image is."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Tuple


@dataclass(frozen=True)
class BaseInterpreterRequest:
    """CPython 3.`minor` at the path `program`; libraries are found in `directories`. Paths have no
    leading slash.

    `layers` are the blobs of the image's layers, lowest first, and `tree` is the JSON of its
    `ImageTree`, as paths below the sandbox.
    """

    program: str
    minor: int
    directories: Tuple[str, ...]
    layers: Tuple[str, ...]
    tree: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "BaseInterpreterRequest":
        fields: Dict[str, Any] = json.loads(text)
        lists = {name: tuple(fields[name]) for name in ("directories", "layers")}
        return cls(**{**fields, **lists})
