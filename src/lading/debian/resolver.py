"""Chooses the packages of a lock: one version a name, the newest that fits.

Pre-Depends and Depends only: Recommends are for people, and Essential packages are named by who
needs them. The choice depends on the index, the architecture and the roots, not on their order.
"""

import difflib
from collections import deque
from dataclasses import dataclass, field
from typing import Deque, Dict, List, Optional, Sequence, Set, Tuple

from lading.debian.control import BinaryPackage, PackageIndex
from lading.debian.lock import LockedPackage
from lading.debian.relation import Alternatives, Relation
from lading.errors import LadingError


def resolve(
    index: PackageIndex, architecture: str, roots: Sequence[str]
) -> Tuple[LockedPackage, ...]:
    """The roots and all they depend on, sorted by name.

    LadingError for a root that does not exist, a dependency that cannot be met, with the chain
    of who wants it, and for two packages that conflict.
    """
    resolver = _Resolver(index, architecture, tuple(sorted(set(roots))))
    selection = resolver.select()
    selection.check_conflicts()
    return tuple(
        LockedPackage(
            name=package.name,
            version=package.version,
            architecture=package.architecture,
            filename=package.filename,
            sha256=package.sha256,
            size=package.size,
            dependencies=tuple(sorted(selection.dependencies[package.name])),
        )
        for _, package in sorted(selection.chosen.items())
    )


class _Unsatisfied(Exception):
    """`wanted` cannot be met for the package `by` while the choice is as it is."""

    def __init__(self, by: BinaryPackage, wanted: Alternatives) -> None:
        super().__init__(by, wanted)
        self.by = by
        self.wanted = wanted


@dataclass
class _Selection:
    """What is chosen so far. `wanted_by` has for each package but roots who first asked for it."""

    architecture: str
    chosen: Dict[str, BinaryPackage] = field(default_factory=dict)
    wanted_by: Dict[str, str] = field(default_factory=dict)
    dependencies: Dict[str, Set[str]] = field(default_factory=dict)

    def meeting(self, relation: Relation) -> Optional[BinaryPackage]:
        """The chosen package that meets `relation`, itself before who provides the name."""
        package = self.chosen.get(relation.name)
        if package is not None and meets(package, relation, self.architecture):
            return package
        for _, package in sorted(self.chosen.items()):
            if meets(package, relation, self.architecture):
                return package
        return None

    def chain(self, name: str) -> str:
        """`name 1.0, which other 2.0 wants, ...` up to the root."""
        text = f"`{name}` {self.chosen[name].version}"
        while name in self.wanted_by:
            name = self.wanted_by[name]
            text += f", wanted by `{name}` {self.chosen[name].version}"
        return text

    def check_conflicts(self) -> None:
        for _, package in sorted(self.chosen.items()):
            for relation in package.conflicts:
                for _, other in sorted(self.chosen.items()):
                    if other is not package and meets(other, relation, self.architecture):
                        raise LadingError(
                            f"Two packages cannot be in one lock: {self.chain(package.name)}, "
                            f"conflicts with `{relation}`, which is {self.chain(other.name)}. "
                            "Give one of the roots a `debian_lock` of its own."
                        )


def meets(package: BinaryPackage, relation: Relation, architecture: str) -> bool:
    """Debian policy 7.5: a relation with a version is met by a provided name only if that has
    a version too. `:any` and the architecture itself are the qualifiers that one architecture
    alone can meet."""
    if relation.qualifier not in ("", "any", "native", architecture):
        return False
    if package.name == relation.name and relation.allows(package.version):
        return True
    return any(
        provided.name == relation.name
        and (not relation.operator or (provided.version and relation.allows(provided.version)))
        for provided in package.provides
    )


class _Resolver:
    """Takes the newest of everything; where that does not fit, rules that version out and
    starts again. Each round rules out one version more, so that it ends."""

    def __init__(self, index: PackageIndex, architecture: str, roots: Tuple[str, ...]) -> None:
        self._index = index
        self._architecture = architecture
        self._roots = roots
        self._ruled_out: Set[Tuple[str, str]] = set()

    def select(self) -> _Selection:
        first_error: Optional[LadingError] = None
        while True:
            selection = _Selection(self._architecture)
            try:
                self._fill(selection)
                return selection
            except _Unsatisfied as unsatisfied:
                if first_error is None:
                    first_error = self._error(selection, unsatisfied)
                if not self._rule_out(selection, unsatisfied):
                    raise first_error from unsatisfied

    def _fill(self, selection: _Selection) -> None:
        pending: Deque[BinaryPackage] = deque()

        def choose(package: BinaryPackage) -> None:
            selection.chosen[package.name] = package
            selection.dependencies[package.name] = set()
            pending.append(package)

        for root in self._roots:
            choose(self._root(root))
        while pending:
            package = pending.popleft()
            for wanted in package.depends:
                met = self._met_by_chosen(selection, package, wanted)
                if met is None:
                    met = self._best(selection, package, wanted)
                    selection.wanted_by[met.name] = package.name
                    choose(met)
                if met.name != package.name:
                    selection.dependencies[package.name].add(met.name)

    def _root(self, name: str) -> BinaryPackage:
        for package in self._allowed(self._index.named(name)):
            return package
        providers = sorted({package.name for package in self._index.providers(name)})
        if providers:
            raise LadingError(
                f"{name!r} is a virtual package. Name one of those that provide it: "
                f"{_listed(providers)}."
            )
        close = difflib.get_close_matches(name, list(self._index.names()), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else " Correct its name, or add a suite."
        raise LadingError(f"No suite has a package {name!r} for {self._architecture}.{hint}")

    def _met_by_chosen(
        self, selection: _Selection, package: BinaryPackage, wanted: Alternatives
    ) -> Optional[BinaryPackage]:
        for relation in wanted:
            if meets(package, relation, self._architecture):
                return package
            met = selection.meeting(relation)
            if met is not None:
                return met
        return None

    def _best(
        self, selection: _Selection, by: BinaryPackage, wanted: Alternatives
    ) -> BinaryPackage:
        """The best package that meets one of `wanted`: the first alternative that can be had,
        real packages before virtual ones, the newest version."""
        for relation in wanted:
            for package in self._candidates(relation):
                if package.name not in selection.chosen:
                    return package
        raise _Unsatisfied(by, wanted)

    def _candidates(self, relation: Relation) -> List[BinaryPackage]:
        packages = self._index.named(relation.name) + self._index.providers(relation.name)
        return [
            package
            for package in self._allowed(packages)
            if meets(package, relation, self._architecture)
        ]

    def _allowed(self, packages: Sequence[BinaryPackage]) -> List[BinaryPackage]:
        return [p for p in packages if (p.name, p.version) not in self._ruled_out]

    def _rule_out(self, selection: _Selection, unsatisfied: _Unsatisfied) -> bool:
        """Rule out the chosen version that is in the way if another would do, else the package
        that asked; False if neither has another version."""
        for relation in unsatisfied.wanted:
            for other in self._candidates(relation):
                chosen = selection.chosen[other.name]
                self._ruled_out.add((chosen.name, chosen.version))
                return True
        by = unsatisfied.by
        if len(self._allowed(self._index.named(by.name))) > 1:
            self._ruled_out.add((by.name, by.version))
            return True
        return False

    def _error(self, selection: _Selection, unsatisfied: _Unsatisfied) -> LadingError:
        wanted = " | ".join(str(relation) for relation in unsatisfied.wanted)
        names = sorted({relation.name for relation in unsatisfied.wanted})
        offered = [
            f"`{package.name}` {package.version}"
            for name in names
            for package in self._index.named(name)
        ]
        return LadingError(
            f"No package meets `{wanted}` for {self._architecture}, wanted by "
            f"{selection.chain(unsatisfied.by.name)}. The suites have "
            f"{', '.join(offered) or 'none of that name'}. Add the suite or component that has "
            "it, or do without the root at the end of this chain."
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
