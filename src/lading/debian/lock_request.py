"""What a lock is made for. Standard library only, for rule code makes the request."""

import json
from dataclasses import asdict, dataclass
from typing import Optional, Tuple

from lading.errors import LadingError

_LISTS = ("suites", "components", "architectures", "roots")


@dataclass(frozen=True)
class LockRequest:
    """What the `debian_lock` target says, and the roots of all that use it.

    `previous` is the text of the lock as it was. LadingError if one of the lists is empty.
    """

    resolve: str
    suites: Tuple[str, ...]
    components: Tuple[str, ...]
    architectures: Tuple[str, ...]
    roots: Tuple[str, ...]
    previous: Optional[str] = None

    def __post_init__(self) -> None:
        for name in ("suites", "components", "architectures"):
            if not getattr(self, name):
                raise LadingError(f"`{name}` is empty. Name at least one.")
        if not self.roots:
            raise LadingError(
                "No target asks for a package of this lock, so there is nothing to resolve. Name "
                "the lock in a `build_root` or `fetch_debian`, or list packages in `packages`."
            )

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "LockRequest":
        fields = json.loads(text)
        return cls(
            resolve=fields["resolve"],
            previous=fields["previous"],
            **{name: tuple(fields[name]) for name in _LISTS},
        )
