"""Chooses the packages of a lock.

Each list of packages gets what it would get alone, of the versions that are locked
already and else of those that apt would take. Only where these do not fit together are others
looked for. Pre-Depends and Depends only: Recommends are for people, and Essential packages are
named by who needs them. The choice depends on the index, the architecture and the lists, not on
their order.
"""

from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from lading.debian.archive_packages import ArchivePackages
from lading.debian.binary_package import BinaryPackage
from lading.debian.closure import UnmetError, choice
from lading.debian.package_list import PackageList
from lading.debian.version_search import fitting_versions


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
    for each package that is there, since a list may be changed to one that has it.
    """
    found: Dict[str, BinaryPackage] = {}
    pending: List[Tuple[Sequence[str], "frozenset[str]"]] = []
    for wanted in lists:
        pending += [(wanted.roots, wanted.left_out), (wanted.roots, frozenset())]
    while pending:
        roots, left_out = pending.pop()
        try:
            answer = choice(packages, roots, left_out)
        except UnmetError:
            # Fits with what the list leaves out, as `resolve` has seen, and only so.
            continue
        for package in answer:
            if package.name not in found:
                found[package.name] = package
                pending.append(([package.name], frozenset()))
    return tuple(package for _, package in sorted(found.items()))
