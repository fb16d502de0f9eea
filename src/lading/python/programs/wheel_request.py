"""What `wheel_main` makes a part of."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional

from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class WheelRequest:
    """`directory` is where the wheel goes in the image, without a leading slash; `program` is the
    absolute path of the image's Python; `interpreter` compiles the modules, if there is one."""

    directory: str
    program: str
    interpreter: Optional[InterpreterFiles]

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "WheelRequest":
        fields: Dict[str, Any] = json.loads(text)
        interpreter = InterpreterFiles.from_dict(fields["interpreter"])
        return cls(fields["directory"], fields["program"], interpreter)
