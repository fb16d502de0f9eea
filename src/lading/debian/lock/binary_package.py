"""A binary package as an index or a lock describes it.

Standard library only, for rule code reads locks.
"""

from dataclasses import dataclass
from typing import Tuple

from lading.debs.relation import Alternatives, Relation
from lading.values.digest import Sha256

#: Debian policy 2.5, most wanted first.
PRIORITIES = ("required", "important", "standard", "optional", "extra")


@dataclass(frozen=True)
class BinaryPackage:
    """One `.deb`.

    `architecture` is the package's own, so it may be `all`. `filename` is its path in the archive
    (`pool/main/...`), `size` in bytes. `depends` has Pre-Depends and Depends in their order,
    `conflicts` has Conflicts and Breaks. `multi_arch` is as in deb-control(5), `no` if unset.
    `snapshot` is when the archive last had it, where that is not when its lock was made.
    """

    name: str
    version: str
    architecture: str
    filename: str
    sha256: Sha256
    size: int
    priority: str = "optional"
    multi_arch: str = "no"
    depends: Tuple[Alternatives, ...] = ()
    provides: Tuple[Relation, ...] = ()
    conflicts: Tuple[Relation, ...] = ()
    snapshot: str = ""

    def __str__(self) -> str:
        return f"`{self.name}` {self.version}"

    @property
    def rank(self) -> Tuple[int, str]:
        """Sorts packages that provide the same: by priority, then by name."""
        known = self.priority in PRIORITIES
        return PRIORITIES.index(self.priority) if known else len(PRIORITIES), self.name


def meets(package: BinaryPackage, relation: Relation, architecture: str) -> bool:
    """Debian policy 7.5: a relation with a version is met by a provided name only if that has
    a version too. Of qualifiers, `any` is met by packages that allow it, and an architecture by
    itself alone."""
    if relation.qualifier == "any" and package.multi_arch != "allowed":
        return False
    if relation.qualifier not in ("", "any", "native", architecture):
        return False
    if package.name == relation.name and relation.allows(package.version):
        return True
    return any(
        provided.name == relation.name
        and (not relation.operator or (provided.version and relation.allows(provided.version)))
        for provided in package.provides
    )
