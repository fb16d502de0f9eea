"""The alternatives of installed packages, chosen as `update-alternatives` does.

Unlike build roots, an image has /etc/alternatives, like any Debian.
"""

import posixpath
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Set, Tuple

from lading.debian.alternatives_database import DIRECTORY as DATABASE
from lading.debian.alternatives_database import AlternativeGroup
from lading.debian.scripts.maintainer_scripts import Alternative
from lading.debs.alternatives import settle
from lading.debs.unpack import merged

_DIRECTORY = "etc/alternatives"


def alternative_links(
    registered: Iterable[Alternative],
    wanted: Mapping[str, str],
    exists: Callable[[str], bool],
) -> Dict[str, str]:
    """Targets by path without a leading slash.

    `wanted`, in the format of `lading.debs.alternatives.settle`, takes precedence. Of the
    alternatives that packages register, the highest priority is chosen. For names that no package
    registers or has, the table in that module is used. `exists` says whether the packages have a
    path. Raises LadingError for a wanted target that does not exist.
    """
    chosen = settle(wanted, lambda path: exists(merged(path)))
    groups: Dict[str, List[Alternative]] = {}
    for alternative in _existing(registered, exists):
        groups.setdefault(_path(alternative.link), []).append(alternative)
    links: Dict[str, str] = {}
    for link, candidates in sorted(groups.items()):
        asked = chosen[link] if _is_asked(link, wanted) else None
        fitting = [one for one in candidates if asked in (None, _path(one.path))]
        if fitting and (asked or not exists(link)):
            links.update(_links(min(fitting, key=_rank), exists))
    for link, target in chosen.items():
        if link not in links:
            links[link] = posixpath.relpath(target, posixpath.dirname(link))
    return links


def database_texts(
    registered: Iterable[Alternative],
    wanted: Mapping[str, str],
    exists: Callable[[str], bool],
) -> Dict[str, str]:
    """The texts of the files in the database of alternatives, by path."""
    groups: Dict[str, List[Alternative]] = {}
    for alternative in _existing(registered, exists):
        groups.setdefault(alternative.name, []).append(alternative)
    return {
        f"{DATABASE}/{name}": AlternativeGroup.of(
            choices, _is_asked(_path(choices[-1].link), wanted)
        ).to_text()
        for name, choices in sorted(groups.items())
    }


def _existing(
    registered: Iterable[Alternative], exists: Callable[[str], bool]
) -> Iterator[Alternative]:
    """Those that lead to a path of a package, or to the link of an alternative registered before:
    emacs-nox registers its `emacs` as an `editor`."""
    links: Set[str] = set()
    for alternative in registered:
        path = _path(alternative.path)
        if path in links or exists(path):
            links.add(_path(alternative.link))
            yield alternative


def _links(alternative: Alternative, exists: Callable[[str], bool]) -> Dict[str, str]:
    slaves = (slave for slave in alternative.slaves if exists(_path(slave[2])))
    links: Dict[str, str] = {}
    for link, name, path in ((alternative.link, alternative.name, alternative.path), *slaves):
        links[_path(link)] = f"/{_DIRECTORY}/{name}"
        links[f"{_DIRECTORY}/{name}"] = path
    return links


def _is_asked(link: str, wanted: Mapping[str, str]) -> bool:
    return any(link == f"usr/bin/{name}" or _path(name) == link for name in wanted)


def _rank(alternative: Alternative) -> Tuple[int, str]:
    return -alternative.priority, alternative.path


def _path(absolute: str) -> str:
    return merged(absolute.lstrip("/"))
