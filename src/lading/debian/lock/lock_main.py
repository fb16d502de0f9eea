"""Program: resolves Debian packages and writes a lock.

    lock_main REQUEST LOCK

REQUEST is the JSON of a `LockRequest`; its `previous` is the text of the previous lock, or null.
Needs pysequoia, requests and resolvelib, and the network.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Set, Tuple

from lading.debian.lock.archive import Archive, Release
from lading.debian.lock.archive_packages import ArchivePackages
from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.lock import DebianLock, locked_versions
from lading.debian.lock.lock_request import LockRequest
from lading.debian.lock.package_index import IndexFile, PackageIndex
from lading.debian.lock.resolver import resolve
from lading.debs.package_list import PackageList
from lading.debs.version import compare_versions
from lading.network.network_environment import use_environment
from lading.runtime.machine import Machine
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.values.counted import counted
from lading.values.errors import LadingError
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class MadeLock:
    """`newer` are the names of packages for which apt would install a newer version."""

    lock: DebianLock
    newer: FrozenSet[str]


def make_lock(request: LockRequest, archive: Archive) -> MadeLock:
    """The packages that meet the request, in the versions of the previous lock if it has them.

    If nothing else has changed, it is the previous lock including its dates, so that nothing
    changes without need.
    """
    previous = _readable(request.previous)
    releases = _releases(request, archive, previous)
    asked = {package.name: package for package in request.asked}
    lists = {PackageList.parse(names) for names in request.lists}
    lists.update(PackageList((name,), frozenset()) for name in asked)
    newer: Set[str] = set()
    packages: Dict[str, Tuple[BinaryPackage, ...]] = {}
    for architecture in sorted(set(request.architectures)):
        index = PackageIndex(_index_files(request, archive, releases, architecture))
        locked = _locked(request, previous, architecture, index)
        choice = ArchivePackages(architecture, index, locked, asked)
        packages[architecture] = resolve(choice, sorted(lists, key=_sort_key))
        newer.update(_outdated(packages[architecture], index))
    roots = {name for wanted in lists for name in wanted.roots} - asked.keys()
    lock = DebianLock(
        resolve=request.resolve,
        suites=request.suites,
        components=request.components,
        architectures=tuple(packages),
        released={release.suite: release.stamp for release in releases},
        roots=tuple(sorted({*roots, *map(str, request.asked)})),
        packages=packages,
    )
    if previous is not None and replace(lock, released=previous.released) == previous:
        lock = previous
    return MadeLock(lock, frozenset(newer))


def _outdated(packages: Sequence[BinaryPackage], index: PackageIndex) -> Iterator[str]:
    for package in packages:
        for offered in index.named(package.name)[:1]:
            if compare_versions(package.version, offered.version) < 0:
                yield package.name


def _sort_key(wanted: PackageList) -> Tuple[List[str], List[str]]:
    return sorted(wanted.roots), sorted(wanted.left_out)


def _releases(
    request: LockRequest, archive: Archive, previous: Optional[DebianLock]
) -> List[Release]:
    seen = previous.released if previous and not request.allow_older_index else {}
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(
            pool.map(lambda suite: archive.release(suite, seen.get(suite, "")), request.suites)
        )


def _index_files(
    request: LockRequest, archive: Archive, releases: Sequence[Release], architecture: str
) -> Iterator[IndexFile]:
    for release in releases:
        for component in request.components:
            for content in archive.packages(release, component, architecture):
                yield IndexFile(content, release.suite, release.priority)


def _locked(
    request: LockRequest, previous: Optional[DebianLock], architecture: str, index: PackageIndex
) -> Dict[str, BinaryPackage]:
    """The packages of the previous lock that keep their versions.

    The archive often no longer has them, since it drops versions that it replaces. They are kept
    nevertheless, because otherwise adding one package would change all images; snapshot.debian.org
    has them. Packages from suites that are not requested any more are not kept.
    """
    versions = locked_versions(request.previous or "", architecture)
    entries = previous.packages.get(architecture, ()) if previous else ()
    kept: Dict[str, BinaryPackage] = {}
    if previous and (previous.suites, previous.components) == (request.suites, request.components):
        for package in entries:
            kept[package.name] = replace(package, snapshot=package.snapshot or previous.timestamp)
    for name, version in versions.items():
        for package in index.named(name):
            if package.version == version:
                kept[name] = package
    upgraded = {n for n in kept for pattern in request.upgrade if fnmatchcase(n, pattern)}
    return {name: package for name, package in kept.items() if name not in upgraded}


def _readable(text: Optional[str]) -> Optional[DebianLock]:
    """The lock, or None if there is none or it can't be used; it is being replaced anyway."""
    try:
        return DebianLock.from_json(text) if text is not None else None
    except LadingError:
        return None


def main(argv: List[str]) -> None:
    request_file, lock_file = map(Path, argv)
    machine = Machine.load()
    use_environment(machine)
    request = read_json(LockRequest, request_file)
    made = make_lock(request, Archive(machine))
    write_whole(lock_file, made.lock.to_json())
    if made.newer:
        sys.stdout.write(
            f"{counted(len(made.newer), 'package')} of the lock `{request.resolve}` could be "
            f"newer: {', '.join(sorted(made.newer))}. Take these with `--lading-upgrade='*'`, or "
            "some of them by name.\n"
        )


if __name__ == "__main__":
    run(main)
