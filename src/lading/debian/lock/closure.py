"""What comes with a list of packages: one answer for one list, whatever else there is.

The lock generator asks this of the archive, rules ask it of the lock. Both walk the dependencies
in the same order, depth first, and take of each `a | b` what is chosen already, else the first
that fits. A choice that turns out not to fit is taken back, so that there is an answer if there
can be one. Packages that are not in the first answer have no influence on it: a lock that holds
the archive's answer gives it too, whatever other images have brought into the lock.

Standard library only, for rule code.
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

#: As many choices are taken back before the search is given up: for some relations, trying all
#: would take years.
MOST_TAKEN_BACK = 50_000


class UnmetError(LadingError):
    """There is no answer."""


class Packages(Protocol):
    """What can be chosen from: one version of each name, or none."""

    @property
    def architecture(self) -> str:
        ...

    def named(self, name: str) -> Optional[BinaryPackage]:
        ...

    def providers(self, name: str) -> Sequence[BinaryPackage]:
        """Those that provide `name`, by `BinaryPackage.rank`."""

    def offered(self, names: Iterable[str]) -> str:
        """For an error: what there is of these names."""


def candidates(packages: Packages, wanted: Alternatives) -> Iterator[BinaryPackage]:
    """What meets one of `wanted`, most wanted first: the first alternative, a package of that name
    before one that provides it."""
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
    """The packages `roots`, which there must be, and all they depend on, sorted by name, but for
    those that are left out and what only they depend on.

    UnmetError, with the chain of who wants what, if there is no answer.
    """
    chosen = choice(packages, roots, left_out)
    return tuple(package for package in chosen if package.name not in left_out)


def choice(
    packages: Packages, roots: Iterable[str], left_out: Container[str] = frozenset()
) -> Tuple[BinaryPackage, ...]:
    """The closure with those of `left_out` that something in it depends on: they count as present
    and need nothing themselves."""
    search = _Search(packages, left_out)
    found = [packages.named(name) for name in sorted(set(roots))]
    chosen = search.run([package for package in found if package is not None])
    return tuple(package for _, package in sorted(chosen.items()))


@dataclass(frozen=True)
class _Agenda:
    """What is still to be met, in order; shared by all states of the search that end with it."""

    by: BinaryPackage
    wanted: Alternatives
    rest: Optional["_Agenda"]


@dataclass(frozen=True)
class _Conflict:
    """`package` conflicts with `relation`, which `other` is."""

    package: BinaryPackage
    relation: Relation
    other: BinaryPackage


@dataclass
class _Decision:
    """What is taken for the first entry of `agenda`. `reasons` are the chosen packages that leave
    no other choice than `untried`, `fault` is what the first one that did not fit met with."""

    agenda: _Agenda
    untried: Iterator[BinaryPackage]
    reasons: Set[str]
    taken: str = ""
    fault: str = ""


@dataclass
class _Search:
    """Backtracks, and jumps over choices that have no part in what does not fit: without that, a
    conflict of two roots would be tried for all choices between others."""

    packages: Packages
    left_out: Container[str]
    chosen: Dict[str, BinaryPackage] = field(default_factory=dict)
    wanted_by: Dict[str, str] = field(default_factory=dict)
    decisions: List[_Decision] = field(default_factory=list)
    taken_back: int = 0
    # Of what is chosen, in the order of choice: who has a name, and who is against it.
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
        """Try the next choice of the last decision, and say what is to be met then."""
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
                decision.reasons.discard(package.name)
                decision.fault = decision.fault or self._of_conflict(
                    conflict, package, decision.agenda
                )
            self._take_back()

    def _take_back(self) -> None:
        """Nothing fits the last decision: return to the last one that has to do with that."""
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
        """Why `package` cannot be taken as well. What is left out is in nobody's way."""
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
        """`name` 1.0, wanted by `other` 2.0, ... up to the root."""
        text, name = str(package), package.name
        while name in self.wanted_by:
            name = self.wanted_by[name]
            text += f", wanted by {self.chosen[name]}"
        return text


def _names(package: BinaryPackage) -> Iterable[str]:
    """Each once, in an order that is always the same."""
    return dict.fromkeys([package.name, *(provided.name for provided in package.provides)])
