"""Program: resolves Debian packages and writes a lock.

    lock_main REQUEST LOCK

REQUEST is the JSON of a `LockRequest`; `previous` in it is the text of the lock as it was, or
null. Needs python-debian, pysequoia and requests, and the network.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timezone
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from lading.counted import counted
from lading.debian.archive import Archive, Release
from lading.debian.control import PackageIndex
from lading.debian.lock import DebianLock, LockedPackage
from lading.debian.lock_request import LockRequest
from lading.debian.mirrors import STAMP_FORMAT
from lading.debian.resolver import resolve
from lading.errors import LadingError
from lading.machine import Machine
from lading.program import run
from lading.whole_file import write_whole


def make_lock(request: LockRequest, archive: Archive) -> DebianLock:
    """The newest packages that meet the request.

    If they are those of the previous lock, that lock, so that nothing changes without need.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        releases = list(pool.map(archive.release, request.suites))
    packages: Dict[str, Tuple[LockedPackage, ...]] = {}
    for architecture in sorted(set(request.architectures)):
        index = PackageIndex(_packages_files(request, archive, releases, architecture))
        packages[architecture] = resolve(index, architecture, request.roots)
    youngest = max(release.date.astimezone(timezone.utc) for release in releases)
    lock = DebianLock(
        resolve=request.resolve,
        suites=request.suites,
        components=request.components,
        architectures=tuple(packages),
        timestamp=youngest.strftime(STAMP_FORMAT),
        roots=tuple(sorted(set(request.roots))),
        packages=packages,
    )
    previous = _readable(request.previous)
    if previous is not None and replace(lock, timestamp=previous.timestamp) == previous:
        return previous
    return lock


def _packages_files(
    request: LockRequest, archive: Archive, releases: Sequence[Release], architecture: str
) -> List[bytes]:
    return [
        content
        for release in releases
        for component in request.components
        for content in archive.packages(release, component, architecture)
    ]


def _readable(text: Optional[str]) -> Optional[DebianLock]:
    """The lock, or None if there is none or it is of no use; it is being replaced anyway."""
    try:
        return DebianLock.from_json(text) if text is not None else None
    except LadingError:
        return None


def main(argv: List[str]) -> None:
    request_file, lock_file = map(Path, argv)
    machine = Machine.load()
    _use_environment(machine)
    request = LockRequest.from_json(request_file.read_text(encoding="utf-8"))
    lock = make_lock(request, Archive(machine))
    write_whole(lock_file, lock.to_json())
    count = sum(len(packages) for packages in lock.packages.values())
    sys.stdout.write(f"{counted(count, 'package')}\n")


def _use_environment(machine: Machine) -> None:
    """Let `requests` see how this machine reaches the network: Pants has emptied `os.environ`."""
    os.environ.update(machine.environment)
    # Python's own variable for certificates, which requests does not read.
    if "SSL_CERT_FILE" in os.environ:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", os.environ["SSL_CERT_FILE"])


if __name__ == "__main__":
    run(main)
