"""Where the Debian archive is, as seen from this machine.

Nothing here may reach a lock or a cache key: what was fetched is named by its digest alone.
"""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from lading.debian.apt_sources import APT_DIRECTORY, AptSource, read_apt_sources
from lading.machine import Machine

#: Every state of the archive since 2005, below <archive>/<YYYYMMDDTHHMMSSZ>.
SNAPSHOT = "https://snapshot.debian.org/archive"

#: The archives that make up a Debian release; security updates have their own.
ARCHIVES = ("debian", "debian-security")

#: How a time is written in a lock and by snapshot.debian.org.
STAMP_FORMAT = "%Y%m%dT%H%M%SZ"

#: A snapshot is taken every six hours, so that of a release's own minute may not have it yet.
_SNAPSHOT_LAG = timedelta(hours=12)

#: What Debian calls its components. Sources without any of them belong to other people.
COMPONENTS = frozenset(("main", "contrib", "non-free", "non-free-firmware"))


def debian_base_urls(
    machine: Machine,
    suite: Optional[str] = None,
    timestamp: Optional[str] = None,
    apt_directory: Path = APT_DIRECTORY,
) -> List[str]:
    """Base URLs to which `pool/main/...` or `dists/<suite>/...` can be appended with a slash
    between, best first, each once: the configured mirrors, the machine's apt sources (those that
    offer `suite` before the others, for a mirror mostly has more suites than one uses), then
    snapshot.debian.org soon after `timestamp` (a lock's; as of now if None).

    A file of the pool can be at any of them: a release, its updates and its security updates
    lie at different places. Try the next one when a file is missing.
    """
    urls = [url.rstrip("/") for url in machine.debian_mirrors]
    urls += _apt_urls(read_apt_sources(apt_directory), suite)
    urls += [f"{SNAPSHOT}/{archive}/{_snapshot(timestamp)}" for archive in ARCHIVES]
    return list(dict.fromkeys(urls))


def _apt_urls(sources: Tuple[AptSource, ...], suite: Optional[str]) -> Iterator[str]:
    debian = [source for source in sources if COMPONENTS.intersection(source.components)]
    for source in sorted(debian, key=lambda source: suite not in source.suites):
        yield from source.uris


def _snapshot(timestamp: Optional[str]) -> str:
    if timestamp is None:
        return datetime.now(timezone.utc).strftime(STAMP_FORMAT)
    return (datetime.strptime(timestamp, STAMP_FORMAT) + _SNAPSHOT_LAG).strftime(STAMP_FORMAT)
