"""What `needs_main` checks."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Tuple

from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class NeedsRequest:
    """Paths below the sandbox: `needs` and `wheels` are the two lists that `wheel_main` makes of
    each wheel, `interpreter` is one from the store, `tree` the JSON of the `ImageTree`, or "". Of
    that, libraries are found in `directories`.

    `remedy` is the sentence that says what to do about what is missing.
    """

    needs: Tuple[str, ...]
    wheels: Tuple[str, ...]
    interpreter: Optional[InterpreterFiles]
    tree: str
    directories: Tuple[str, ...]
    remedy: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "NeedsRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            needs=tuple(fields["needs"]),
            wheels=tuple(fields["wheels"]),
            interpreter=InterpreterFiles.from_dict(fields["interpreter"]),
            tree=fields["tree"],
            directories=tuple(fields["directories"]),
            remedy=fields["remedy"],
        )
