"""A binary package as an index or a lock describes it.

It uses only the standard library, since rule code reads locks.
"""

from dataclasses import dataclass
from typing import Tuple

from lading.debs.relation import Alternatives, Relation
from lading.values.digest import Sha256

#: Debian policy 2.5, in order of preference.
PRIORITIES = ("required", "important", "standard", "optional", "extra")


@dataclass(frozen=True)
class BinaryPackage:
    """One `.deb`."""

    name: str
    version: str
    #: The package's own, so it may be `all`.
    architecture: str
    #: Its path in the archive (`pool/main/...`).
    filename: str
    sha256: Sha256
    #: In bytes.
    size: int
    priority: str = "optional"
    #: As in deb-control(5), `no` if unset.
    multi_arch: str = "no"
    #: Pre-Depends and Depends in their order.
    depends: Tuple[Alternatives, ...] = ()
    provides: Tuple[Relation, ...] = ()
    #: Conflicts and Breaks.
    conflicts: Tuple[Relation, ...] = ()
    #: The time when the archive last had it, if it differs from the time of the lock.
    snapshot: str = ""

    def __str__(self) -> str:
        return f"`{self.name}` {self.version}"

    @property
    def rank(self) -> Tuple[int, str]:
        """Orders packages that provide the same name: by priority, then by name."""
        known = self.priority in PRIORITIES
        return PRIORITIES.index(self.priority) if known else len(PRIORITIES), self.name


def meets(package: BinaryPackage, relation: Relation, architecture: str) -> bool:
    """Debian policy 7.5: a provided name meets a relation with a version only if it has a version
    too. Of qualifiers, packages that allow it meet `any`, and an architecture is met only by
    itself."""
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
