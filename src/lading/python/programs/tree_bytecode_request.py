"""What `tree_bytecode_main` compiles."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Tuple

from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class TreeBytecodeRequest:
    """The modules in `segments`, tree segments below the sandbox, that lie below one of `roots`,
    without leading slashes."""

    segments: Tuple[str, ...]
    roots: Tuple[str, ...]
    interpreter: InterpreterFiles

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "TreeBytecodeRequest":
        fields: Dict[str, Any] = json.loads(text)
        interpreter = InterpreterFiles.from_dict(fields["interpreter"])
        assert interpreter is not None, "there is always one"
        return cls(tuple(fields["segments"]), tuple(fields["roots"]), interpreter)
