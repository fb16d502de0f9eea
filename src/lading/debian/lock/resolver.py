"""Chooses the packages of a lock.

Each list of packages gets what it would get on its own, in the locked versions, or else in those
that apt would install. Other versions are tried only if these do not fit together. Only Pre-Depends
and Depends count: Recommends are for people, and whoever needs an Essential package names it. The
choice depends on the index, the architecture and the lists, not on their order.
"""

from dataclasses import replace
from typing import Dict, FrozenSet, Iterable, List, Sequence, Tuple

from lading.debian.lock.archive_packages import ArchivePackages
from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.closure import UnmetError, candidates, choice
from lading.debian.lock.version_search import fitting_versions
from lading.debs.package_list import PackageList


def resolve(packages: ArchivePackages, lists: Sequence[PackageList]) -> Tuple[BinaryPackage, ...]:
    """The packages that all of `lists` need, sorted by name.

    Raises LadingError for a root that does not exist, for a dependency that can't be met (with the
    chain of dependencies), and for two packages of one list that conflict.
    """
    for root in sorted({root for wanted in lists for root in wanted.roots}):
        packages.check_root(root)
    difficult: List[PackageList] = []
    while True:
        for wanted in lists:
            try:
                choice(packages, wanted.roots, wanted.left_out)
            except UnmetError:
                if wanted in difficult:
                    raise
                fitting = fitting_versions(packages, [*difficult, wanted])
                if fitting is None:
                    raise
                difficult.append(wanted)
                packages = replace(packages, fitting=fitting)
                break
        else:
            return _all(packages, lists)


def _all(packages: ArchivePackages, lists: Sequence[PackageList]) -> Tuple[BinaryPackage, ...]:
    """All packages that an image may need: the answers for the lists, with and without what they
    leave out, and, for each dependency of these packages, the first package that meets it and can
    be installed. A list that is changed later will get that one.
    """
    found: Dict[str, BinaryPackage] = {}
    pending: List[BinaryPackage] = []

    def add(roots: Iterable[str], left_out: FrozenSet[str] = frozenset()) -> bool:
        try:
            answer = choice(packages, roots, left_out)
        except UnmetError:
            return False
        new = [package for package in answer if package.name not in found]
        found.update((package.name, package) for package in new)
        pending.extend(new)
        return True

    for wanted in lists:
        add(wanted.roots, wanted.left_out)
        # It is no error if a package only fits with something left out.
        add(wanted.roots)
    while pending:
        for alternatives in pending.pop().depends:
            for package in candidates(packages, alternatives):
                if package.name in found or add([package.name]):
                    break
    return tuple(package for _, package in sorted(found.items()))
