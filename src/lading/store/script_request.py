"""What the program that writes a script's package is asked to do."""

import json
from dataclasses import asdict, dataclass
from typing import Tuple

from lading.store.path import StorePath


@dataclass(frozen=True)
class ScriptInput:
    """A package that a script may refer to; `members` is the file that lists what is in it."""

    path: StorePath
    members: str


@dataclass(frozen=True)
class ScriptRequest:
    """A script with store paths in its text. `inputs` are searched in this order."""

    path: StorePath
    text: str
    inputs: Tuple[ScriptInput, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ScriptRequest":
        fields = json.loads(text)
        return cls(
            path=StorePath(**fields["path"]),
            text=fields["text"],
            inputs=tuple(
                ScriptInput(StorePath(**entry["path"]), entry["members"])
                for entry in fields["inputs"]
            ),
        )
