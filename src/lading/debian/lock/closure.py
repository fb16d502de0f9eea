"""The dependencies of a list of packages; the answer depends on nothing but that list.

The lock generator computes this with the archive, rules with the lock. Both walk the dependencies
in the same order, depth first. For each `a | b` they take the alternative that is already chosen,
or else the first that fits. A choice that turns out not to fit is undone, so an answer is found if
there is one. Packages that are not in the first answer have no influence on it, so a lock that
contains the archive's answer gives the same answer, whatever else other images have brought into
the lock.

It uses only the standard library, for rule code.
"""

from dataclasses import dataclass, field
from typing import (
    Container,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Protocol,
    Sequence,
    Set,
    Tuple,
)

from lading.debian.lock.binary_package import BinaryPackage, meets
from lading.debs.relation import Alternatives, Relation
from lading.values.errors import LadingError

#: The search gives up after undoing this many choices: for some relations, trying all would take
#: years.
MOST_TAKEN_BACK = 50_000


class UnmetError(LadingError):
    """There is no answer."""


class Packages(Protocol):
    """The packages to choose from: at most one version of each name."""

    @property
    def architecture(self) -> str:
        ...

    def named(self, name: str) -> Optional[BinaryPackage]:
        ...

    def providers(self, name: str) -> Sequence[BinaryPackage]:
        """The packages that provide `name`, by `BinaryPackage.rank`."""

    def offered(self, names: Iterable[str]) -> str:
        """For an error message: the available packages of these names."""


def candidates(packages: Packages, wanted: Alternatives) -> Iterator[BinaryPackage]:
    """The packages that meet one of `wanted`, in order of preference: the first alternative first,
    and a package of that name before one that provides it."""
    seen = set()
    for relation in wanted:
        named = packages.named(relation.name)
        for package in [*([named] if named else []), *packages.providers(relation.name)]:
            if package.name not in seen and meets(package, relation, packages.architecture):
                seen.add(package.name)
                yield package


def closure(
    packages: Packages, roots: Iterable[str], left_out: Container[str] = frozenset()
) -> Tuple[BinaryPackage, ...]:
    """The packages `roots`, which must exist, and everything they depend on, sorted by name,
    without those that are left out and their exclusive dependencies.

    Raises UnmetError, with the chain of dependencies, if there is no answer.
    """
    chosen = choice(packages, roots, left_out)
    return tuple(package for package in chosen if package.name not in left_out)


def choice(
    packages: Packages, roots: Iterable[str], left_out: Container[str] = frozenset()
) -> Tuple[BinaryPackage, ...]:
    """The closure, and those of `left_out` that something in it depends on. These count as present
    and need nothing themselves."""
    search = _Search(packages, left_out)
    found = [packages.named(name) for name in sorted(set(roots))]
    chosen = search.run([package for package in found if package is not None])
    return tuple(package for _, package in sorted(chosen.items()))


@dataclass(frozen=True)
class _Agenda:
    """What is still to be met, in order. All states of the search that end with it share it."""

    by: BinaryPackage
    wanted: Alternatives
    rest: Optional["_Agenda"]


@dataclass(frozen=True)
class _Conflict:
    """`package` conflicts with `relation`, which `other` meets."""

    package: BinaryPackage
    relation: Relation
    other: BinaryPackage


@dataclass
class _Decision:
    """The choice for the first entry of `agenda`. `reasons` are the chosen packages that leave only
    `untried` to choose from; `fault` is the conflict of the first candidate that did not fit."""

    agenda: _Agenda
    untried: Iterator[BinaryPackage]
    reasons: Set[str]
    taken: str = ""
    fault: str = ""


@dataclass
class _Search:
    """Backtracks, and skips choices that have no part in a conflict: otherwise a conflict of two
    roots would be retried for all choices between others."""

    packages: Packages
    left_out: Container[str]
    chosen: Dict[str, BinaryPackage] = field(default_factory=dict)
    wanted_by: Dict[str, str] = field(default_factory=dict)
    decisions: List[_Decision] = field(default_factory=list)
    taken_back: int = 0
    # Of the chosen packages, in the order of choice: who has a name, and who conflicts with it.
    having: Dict[str, List[BinaryPackage]] = field(default_factory=dict)
    against: Dict[str, List[Tuple[BinaryPackage, Relation]]] = field(default_factory=dict)

    def run(self, roots: Sequence[BinaryPackage]) -> Dict[str, BinaryPackage]:
        agenda = None
        for root in roots:
            conflict = self._conflict(root)
            if conflict:
                raise UnmetError(self._of_conflict(conflict, root))
            self._take(root)
        for root in reversed(roots):
            agenda = self._planned(root, agenda)
        while agenda:
            if self._is_met(agenda.wanted):
                agenda = agenda.rest
            else:
                untried = candidates(self.packages, agenda.wanted)
                self.decisions.append(_Decision(agenda, untried, {agenda.by.name}))
                agenda = self._next()
        return self.chosen

    def _planned(self, package: BinaryPackage, agenda: Optional[_Agenda]) -> Optional[_Agenda]:
        if package.name not in self.left_out:
            for wanted in reversed(package.depends):
                agenda = _Agenda(package, wanted, agenda)
        return agenda

    def _is_met(self, wanted: Alternatives) -> bool:
        return any(
            meets(package, relation, self.packages.architecture)
            for relation in wanted
            for package in self.having.get(relation.name, ())
        )

    def _next(self) -> Optional[_Agenda]:
        """Try the next choice of the last decision, and return what must be met then."""
        while True:
            decision = self.decisions[-1]
            for package in decision.untried:
                conflict = self._conflict(package)
                if conflict is None:
                    by = decision.agenda.by.name
                    self._take(package, by)
                    decision.taken = package.name
                    return self._planned(package, decision.agenda.rest)
                decision.reasons.update({conflict.package.name, conflict.other.name})
                decision.fault = decision.fault or self._of_conflict(
                    conflict, package, decision.agenda
                )
            self._take_back()

    def _take_back(self) -> None:
        """Nothing fits the last decision: return to the last one that has a part in that."""
        failed = self.decisions.pop()
        fault = failed.fault or self._of_unmet(failed.agenda)
        self.taken_back += 1
        if self.taken_back > MOST_TAKEN_BACK:
            raise UnmetError(f"{fault} (No answer was found after {MOST_TAKEN_BACK:,} others.)")
        while self.decisions:
            decision = self.decisions[-1]
            self._drop(decision.taken)
            if decision.taken in failed.reasons:
                decision.reasons |= failed.reasons - {decision.taken}
                decision.fault = decision.fault or fault
                return
            self.decisions.pop()
        raise UnmetError(fault)

    def _take(self, package: BinaryPackage, by: str = "") -> None:
        self.chosen[package.name] = package
        if by:
            self.wanted_by[package.name] = by
        for name in _names(package):
            self.having.setdefault(name, []).append(package)
        if package.name not in self.left_out:
            for relation in package.conflicts:
                self.against.setdefault(relation.name, []).append((package, relation))

    def _drop(self, name: str) -> None:
        """Undo the last `_take`, which was of `name`."""
        package = self.chosen.pop(name)
        del self.wanted_by[name]
        for provided in _names(package):
            self.having[provided].pop()
        if package.name not in self.left_out:
            for relation in reversed(package.conflicts):
                self.against[relation.name].pop()

    def _conflict(self, package: BinaryPackage) -> Optional[_Conflict]:
        """Why `package` can't be taken as well. Left-out packages conflict with nothing."""
        if package.name in self.left_out:
            return None
        for relation in package.conflicts:
            for other in self.having.get(relation.name, ()):
                if other.name not in self.left_out and self._meets(other, relation):
                    return _Conflict(package, relation, other)
        for name in _names(package):
            for other, relation in self.against.get(name, ()):
                if self._meets(package, relation):
                    return _Conflict(other, relation, package)
        return None

    def _meets(self, package: BinaryPackage, relation: Relation) -> bool:
        return meets(package, relation, self.packages.architecture)

    def _of_conflict(
        self, conflict: _Conflict, new: BinaryPackage, agenda: Optional[_Agenda] = None
    ) -> str:
        def chain(package: BinaryPackage) -> str:
            if package is new and agenda:
                return f"{package}, wanted by {self._chain(agenda.by)}"
            return self._chain(package)

        return (
            f"Two packages cannot be installed together: {chain(conflict.package)}, conflicts "
            f"with `{conflict.relation}`, which is {chain(conflict.other)}. Remove one of them, "
            "or name another package that can replace it."
        )

    def _of_unmet(self, agenda: _Agenda) -> str:
        wanted = " | ".join(map(str, agenda.wanted))
        names = sorted({relation.name for relation in agenda.wanted})
        return (
            f"No package satisfies `{wanted}` for {self.packages.architecture}, wanted by "
            f"{self._chain(agenda.by)}. {self.packages.offered(names)}"
        )

    def _chain(self, package: BinaryPackage) -> str:
        """`name` 1.0, wanted by `other` 2.0, and so on up to the root."""
        text, name = str(package), package.name
        while name in self.wanted_by:
            name = self.wanted_by[name]
            text += f", wanted by {self.chosen[name]}"
        return text


def _names(package: BinaryPackage) -> Iterable[str]:
    """Each name once, always in the same order."""
    return dict.fromkeys([package.name, *(provided.name for provided in package.provides)])
