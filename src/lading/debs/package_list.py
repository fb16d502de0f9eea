"""The list of Debian packages in a field; `!` leaves packages out."""

import re
from dataclasses import dataclass
from typing import FrozenSet, Iterable, List, Tuple

from lading.values.errors import LadingError

# deb-control(5), Package
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")

_LEFT_OUT = "!"


@dataclass(frozen=True)
class PackageList:
    """`roots` come with all their dependencies, except `left_out` and what only that needs."""

    roots: Tuple[str, ...]
    left_out: FrozenSet[str]

    @classmethod
    def parse(cls, names: Iterable[str]) -> "PackageList":
        """Parses a list such as `["nginx-light", "!perl"]`. Raises LadingError for anything that is
        not a package's name."""
        roots: List[str] = []
        left_out = set()
        for text in names:
            name = text[len(_LEFT_OUT) :] if text.startswith(_LEFT_OUT) else text
            if not _NAME.fullmatch(name):
                raise LadingError(
                    f"`debian_packages` has {text!r}. Write the name of a Debian package, such as "
                    "'nginx-light', or, to leave one out, '!perl'."
                )
            if text.startswith(_LEFT_OUT):
                left_out.add(name)
            else:
                roots.append(name)
        for name in roots:
            if name in left_out:
                raise LadingError(
                    f"`debian_packages` has both {name!r} and '!{name}'. Remove one of them."
                )
        return cls(tuple(roots), frozenset(left_out))
