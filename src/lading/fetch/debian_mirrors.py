"""The mirrors of the Debian archive that this machine uses.

Nothing from here may get into a lock or a cache key: fetched files are identified by digest alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from lading.fetch.apt_sources import APT_DIRECTORY, AptSource, read_apt_sources
from lading.runtime.machine import Machine

#: Every state of the archive since 2005, below <archive>/<YYYYMMDDTHHMMSSZ>.
SNAPSHOT = "https://snapshot.debian.org/archive"

#: The archives of a Debian release; security updates have their own.
ARCHIVES = ("debian", "debian-security")

#: The format of times in locks and on snapshot.debian.org.
STAMP_FORMAT = "%Y%m%dT%H%M%SZ"

#: A snapshot is taken every six hours, so the one at the time of a release may not have it yet.
_SNAPSHOT_LAG = timedelta(hours=12)

#: Debian's names of its components. Sources without any of them are not Debian's.
COMPONENTS = frozenset(("main", "contrib", "non-free", "non-free-firmware"))


@dataclass(frozen=True)
class DebianMirror:
    """A place that has `dists/` and `pool/`. `url` ends without a slash; `signed_by` is as in
    `AptSource`. `trusted_origin` means that the user named it as a mirror of Debian, so its Origin
    is not checked.
    """

    url: str
    signed_by: Tuple[str, ...] = ()
    trusted_origin: bool = False


def debian_base_urls(
    machine: Machine,
    suite: Optional[str] = None,
    timestamp: Optional[str] = None,
    apt_directory: Path = APT_DIRECTORY,
) -> List[str]:
    """Base URLs to which `pool/main/...` can be appended after a slash, best first, each once.

    A file of the pool can be at any of them: a release, its updates and its security updates are in
    different places. Try the next one if a file is missing.
    """
    return [mirror.url for mirror in debian_mirrors(machine, suite, timestamp, apt_directory)]


def debian_mirrors(
    machine: Machine,
    suite: Optional[str] = None,
    timestamp: Optional[str] = None,
    apt_directory: Path = APT_DIRECTORY,
) -> List[DebianMirror]:
    """The configured mirrors, the machine's apt sources (first those that offer `suite`, since a
    mirror usually has more suites than one uses), then snapshot.debian.org soon after `timestamp`
    (a lock's; None means now). Best first, each URL once.
    """
    mirrors = [DebianMirror(url.rstrip("/"), trusted_origin=True) for url in machine.debian_mirrors]
    mirrors += _apt_mirrors(read_apt_sources(apt_directory), suite)
    snapshot = _snapshot(timestamp)
    mirrors += [DebianMirror(f"{SNAPSHOT}/{archive}/{snapshot}") for archive in ARCHIVES]
    first: Dict[str, DebianMirror] = {}
    for mirror in mirrors:
        first.setdefault(mirror.url, mirror)
    return list(first.values())


def _apt_mirrors(sources: Tuple[AptSource, ...], suite: Optional[str]) -> Iterator[DebianMirror]:
    debian = [source for source in sources if COMPONENTS.intersection(source.components)]
    for source in sorted(debian, key=lambda source: suite not in source.suites):
        for uri in source.uris:
            yield DebianMirror(uri, source.signed_by)


def _snapshot(timestamp: Optional[str]) -> str:
    if timestamp is None:
        return datetime.now(timezone.utc).strftime(STAMP_FORMAT)
    return (datetime.strptime(timestamp, STAMP_FORMAT) + _SNAPSHOT_LAG).strftime(STAMP_FORMAT)
