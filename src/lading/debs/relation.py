"""Relations between packages, as in Depends and Conflicts: Debian policy 7.1.

It uses only the standard library, since rule code and programs in the sandbox read them too.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable, Iterator, Mapping, Tuple

from lading.debs.version import compare_versions
from lading.values.errors import LadingError
from lading.values.foreign_text import shown

#: What each operator requires of the comparison of versions. `<` and `>` are old forms of `<=` and
#: `>=`.
_OPERATORS: Mapping[str, Callable[[int], bool]] = {
    "<<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "<": lambda order: order <= 0,
    "=": lambda order: order == 0,
    ">": lambda order: order >= 0,
    ">=": lambda order: order >= 0,
    ">>": lambda order: order > 0,
}

_RELATION = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9-]+))?\s*"
    r"(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([A-Za-z0-9][^\s()]*)\s*\))?"
)


@dataclass(frozen=True)
class Relation:
    """`name:qualifier (operator version)`; missing parts are empty."""

    name: str
    operator: str = ""
    version: str = ""
    qualifier: str = ""

    def __str__(self) -> str:
        qualifier = f":{self.qualifier}" if self.qualifier else ""
        constraint = f" ({self.operator} {self.version})" if self.operator else ""
        return f"{self.name}{qualifier}{constraint}"

    def allows(self, version: str) -> bool:
        """Whether a package of this name may have `version`."""
        if not self.operator:
            return True
        return _OPERATORS[self.operator](compare_versions(version, self.version))


#: Relations of which one must hold; the first is preferred.
Alternatives = Tuple[Relation, ...]


@lru_cache(maxsize=1 << 16)
def parse_relations(package: str, text: str) -> Tuple[Alternatives, ...]:
    """Parses a field like Depends of `package`. Raises LadingError if it is malformed."""
    groups = (tuple(_alternatives(package, group)) for group in text.split(","))
    return tuple(group for group in groups if group)


def _alternatives(package: str, group: str) -> Iterator[Relation]:
    for item in map(str.strip, group.split("|")):
        match = _RELATION.fullmatch(item)
        if match:
            name, qualifier, operator, version = (part or "" for part in match.groups())
            yield Relation(name, operator, version, qualifier)
        elif item:
            raise LadingError(
                f"The Debian package {shown(package)!r} has the malformed relation "
                f"{shown(item)!r}. Report it to the archive's maintainers."
            )
