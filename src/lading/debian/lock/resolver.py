"""Chooses the packages of a lock.

Each list of packages gets what it would get alone, of the versions that are locked
already and else of those that apt would take. Only where these do not fit together are others
looked for. Pre-Depends and Depends only: Recommends are for people, and Essential packages are
named by who needs them. The choice depends on the index, the architecture and the lists, not on
their order.
"""

from dataclasses import replace
from typing import Dict, FrozenSet, Iterable, List, Sequence, Tuple

from lading.debian.lock.archive_packages import ArchivePackages
from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.closure import UnmetError, candidates, choice
from lading.debian.lock.version_search import fitting_versions
from lading.debs.package_list import PackageList


def resolve(packages: ArchivePackages, lists: Sequence[PackageList]) -> Tuple[BinaryPackage, ...]:
    """What all of `lists` need, sorted by name.

    LadingError for a root that does not exist, a dependency that cannot be met, with the chain of
    who wants it, and for two packages of one list that conflict.
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
    """What an image may need: the answers for the lists, with and without what they leave out, and
    for each dependency of these packages the first that meets it and can be installed, which a
    list gets that is changed later.
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
        # What fits only with something left out is not an error.
        add(wanted.roots)
    while pending:
        for alternatives in pending.pop().depends:
            for package in candidates(packages, alternatives):
                if package.name in found or add([package.name]):
                    break
    return tuple(package for _, package in sorted(found.items()))
