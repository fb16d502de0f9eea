"""What `needs_main` checks."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Tuple


@dataclass(frozen=True)
class NeedsRequest:
    """Paths below the sandbox: `needs` and `wheels` are the two lists that `wheel_main` makes of
    each wheel, `packages` the lists of members of the store packages that the interpreter needs,
    `tree` the JSON of the `ImageTree`, or "". Of that, libraries are found in `directories`.

    `remedy` is the sentence that says what to do about what is missing.
    """

    needs: Tuple[str, ...]
    wheels: Tuple[str, ...]
    packages: Tuple[str, ...]
    tree: str
    directories: Tuple[str, ...]
    remedy: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "NeedsRequest":
        fields: Dict[str, Any] = json.loads(text)
        lists = {
            name: tuple(fields[name]) for name in ("needs", "wheels", "packages", "directories")
        }
        return cls(tree=fields["tree"], remedy=fields["remedy"], **lists)
