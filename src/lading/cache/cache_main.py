"""Check the cache of this machine, and remove damaged or unused entries:

    cache_main REPAIR DAYS

REPAIR is "repair", or "" to change nothing. Entries that have not been used for DAYS days are
removed, too, unless DAYS is "". The exit status is 1 if something stays that is damaged or should
have been removed.
"""

import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import Dict, Iterable, List

from lading.cache.cached_tree import USERS
from lading.cache.survey import CacheEntry, survey
from lading.runtime.cache_directory import CACHE_DIR
from lading.runtime.file_lock import lock
from lading.runtime.program import run
from lading.values.counted import counted


def main(argv: List[str]) -> None:
    repair, days = argv
    # The real path, without the link to it.
    cache = Path(os.path.realpath(CACHE_DIR))
    removes = bool(repair or days)
    with open(cache / USERS, "a", encoding="ascii") as users:
        lock(users.fileno(), "a build" if removes else "clearing the cache", shared=not removes)
        entries = list(survey(cache))
        damaged = [entry for entry in entries if entry.fault is not None]
        unused = _unused(entries, int(days)) if days else []
        _report(cache, entries, damaged)
        removed = not removes or _remove(cache, [*damaged, *unused] if repair else unused)
    if damaged and not repair:
        print(
            f"{counted(len(damaged), 'item')} in {cache} can't be used. `./pants lading-cache "
            "--repair` removes what is listed; builds recreate what they need."
        )
    if not removed or damaged and not repair:
        sys.exit(1)


def _unused(entries: Iterable[CacheEntry], days: int) -> List[CacheEntry]:
    return [entry for entry in entries if entry.fault is None and entry.is_unused(days)]


def _report(cache: Path, entries: Iterable[CacheEntry], damaged: Iterable[CacheEntry]) -> None:
    by_kind: Dict[str, List[CacheEntry]] = defaultdict(list)
    for entry in entries:
        by_kind[entry.kind].append(entry)
    for kind, found in by_kind.items():
        print(f"{counted(len(found), kind)}, {_megabytes(found)}")
    for entry in damaged:
        print(f"{entry.kind} {os.path.relpath(entry.path, cache)}: {entry.fault}")
    if not by_kind:
        print(f"There is nothing in {cache}.")


def _remove(cache: Path, entries: List[CacheEntry]) -> bool:
    """Whether all of them are gone."""
    removed = []
    for entry in entries:
        name = os.path.relpath(entry.path, cache)
        try:
            entry.remove()
        except OSError as error:
            print(f"{name} can't be removed ({error.strerror}): remove it as its owner.")
            continue
        removed.append(entry)
        print(f"Removed {name}.")
    print(f"Removed {counted(len(removed), 'item')}, {_megabytes(removed)}.")
    return len(removed) == len(entries)


def _megabytes(entries: Iterable[CacheEntry]) -> str:
    return f"{sum(entry.size for entry in entries) / 1e6:,.1f} MB"


if __name__ == "__main__":
    run(main)
