"""Finds versions of packages that fit together, if those that apt would install do not.

The search uses resolvelib, pip's resolver. It only knows requirements on names. So `a | b` becomes
a name of its own, whose candidates are the packages that meet it; a conflict becomes a requirement
on the name of the other package, which its absence meets as well. Lists of packages are resolved
separately, since one may have what conflicts with another's, but all use the same versions.
"""

from dataclasses import dataclass
from typing import (
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, Resolver
from resolvelib.resolvers import ResolutionTooDeep

from lading.debian.lock.archive_packages import ArchivePackages
from lading.debian.lock.binary_package import BinaryPackage, meets
from lading.debs.package_list import PackageList
from lading.debs.relation import Alternatives, Relation

_MAX_ROUNDS = 200_000

#: The search gives up after this many conflicts; rounds without a conflict are much quicker.
_MOST_CONFLICTS = 5_000

#: The place of a package in a list (its number). Without a number, it is the place of the version
#: that all lists share; with alternatives, the place of one of them.
_Place = Tuple[int, Union[str, Alternatives]]
_ALL_LISTS = -1


@dataclass(frozen=True)
class _Requirement:
    """Requires that `place` has `package`, or lacks what `against` describes, or just has
    something."""

    place: _Place
    package: Optional[BinaryPackage] = None
    against: Optional[Relation] = None


@dataclass(frozen=True)
class _Candidate:
    """None is the absence of a package."""

    place: _Place
    package: Optional[BinaryPackage]


def fitting_versions(
    packages: ArchivePackages, lists: Sequence[PackageList]
) -> Optional[Dict[str, BinaryPackage]]:
    """Versions by name with which each of `lists` has an answer; None if there are none."""
    provider = _Provider(packages, [wanted.left_out for wanted in lists])
    roots = [
        _Requirement((number, (Relation(root),)))
        for number, wanted in enumerate(lists)
        for root in sorted(wanted.roots)
    ]
    resolver: Resolver[_Requirement, _Candidate, _Place] = Resolver(provider, _Patience())
    try:
        found = resolver.resolve(roots, max_rounds=_MAX_ROUNDS)
    except (ResolutionImpossible, ResolutionTooDeep):
        return None
    return {
        candidate.package.name: candidate.package
        for candidate in found.mapping.values()
        if candidate.package
    }


class _Patience(BaseReporter[_Requirement, _Candidate, _Place]):
    conflicts = 0

    def resolving_conflicts(self, causes: object) -> None:
        self.conflicts += 1
        if self.conflicts > _MOST_CONFLICTS:
            raise ResolutionTooDeep(self.conflicts)


class _Provider(AbstractProvider[_Requirement, _Candidate, _Place]):
    def __init__(self, packages: ArchivePackages, left_out: Sequence[FrozenSet[str]]) -> None:
        self._packages = packages
        self._left_out = left_out

    def identify(self, requirement_or_candidate: Union[_Requirement, _Candidate]) -> _Place:
        return requirement_or_candidate.place

    def get_preference(self, identifier: _Place, *_: object, **__: object) -> Tuple[bool, int]:
        """Requirements that leave no choice come first."""
        wanted = identifier[1]
        return isinstance(wanted, tuple), len(wanted) if isinstance(wanted, tuple) else 0

    def find_matches(
        self,
        identifier: _Place,
        requirements: Mapping[_Place, Iterator[_Requirement]],
        incompatibilities: Mapping[_Place, Iterator[_Candidate]],
    ) -> List[_Candidate]:
        wanted = list(requirements[identifier])
        ruled_out = set(incompatibilities[identifier])
        return [
            candidate
            for candidate in self._candidates(identifier, wanted)
            if candidate not in ruled_out
            and all(self.is_satisfied_by(requirement, candidate) for requirement in wanted)
        ]

    def _candidates(
        self, place: _Place, requirements: Sequence[_Requirement]
    ) -> Iterator[_Candidate]:
        _, wanted = place
        if isinstance(wanted, tuple):
            for package in self._packages.meeting(wanted):
                yield _Candidate(place, package)
            return
        exact = next((r.package for r in requirements if r.package), None)
        yield _Candidate(place, exact)

    def is_satisfied_by(self, requirement: _Requirement, candidate: _Candidate) -> bool:
        if requirement.package:
            return requirement.package == candidate.package
        if requirement.against and candidate.package:
            return not self._meets(candidate.package, requirement.against)
        return True

    def get_dependencies(self, candidate: _Candidate) -> Iterable[_Requirement]:
        (number, wanted), package = candidate.place, candidate.package
        if package is None or number == _ALL_LISTS:
            return
        if isinstance(wanted, tuple):
            yield _Requirement((number, package.name), package)
            return
        yield _Requirement((_ALL_LISTS, package.name), package)
        if package.name not in self._left_out[number]:
            for alternatives in package.depends:
                yield _Requirement((number, alternatives))
            yield from self._conflicts(number, package)

    def _conflicts(self, number: int, package: BinaryPackage) -> Iterator[_Requirement]:
        """The names that have a conflicting version. Most relations name old versions."""
        for relation in package.conflicts:
            for name in self._packages.who_may_be(relation.name):
                known = (self._meets(p, relation) for p in self._packages.versions(name))
                if name != package.name and name not in self._left_out[number] and any(known):
                    yield _Requirement((number, name), against=relation)

    def _meets(self, package: BinaryPackage, relation: Relation) -> bool:
        return meets(package, relation, self._packages.architecture)
