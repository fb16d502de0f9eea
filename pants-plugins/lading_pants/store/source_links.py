"""Links among a target's sources.

Pants follows links when it captures sources: they become copies, and dangling ones are dropped
silently. Here, links to another source of the target stay links.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from typing import Iterable, Iterator

from pants.base.build_environment import get_buildroot
from pants.engine.fs import (
    CreateDigest,
    Digest,
    DigestEntries,
    FileEntry,
    Snapshot,
    SymlinkEntry,
)
from pants.engine.rules import Get, _uncacheable_rule
from pants.engine.target import SourcesField
from pants.source.filespec import FilespecMatcher

from lading_pants.errors import TargetError

_WILDCARDS = "*?["


@dataclass(frozen=True)
class _DirectoriesRequest:
    """Directories of the repository, each after its parent."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class _Links:
    """(path, text, whether the link's target exists) of the links in some directories, sorted."""

    found: tuple[tuple[str, str, bool], ...]


async def linked_sources(sources: SourcesField, snapshot: Snapshot, origin: str) -> Digest:
    """`snapshot` is what Pants captured of `sources`: the same files, with links in place of Pants'
    copies. Errors begin with `origin`."""
    directories = _directories(sources.filespec["includes"], snapshot)
    links = await Get(_Links, _DirectoriesRequest(directories))
    _check_dangling(links, sources.filespec_matcher, origin)
    kept = {path: text for path, text, _ in links.found if _is_kept(path, text, snapshot)}
    if not kept:
        return snapshot.digest
    entries = await Get(DigestEntries, Digest, snapshot.digest)
    created: list[FileEntry | SymlinkEntry] = [
        entry
        for entry in entries
        if isinstance(entry, FileEntry) and not any(one in kept for one in _upwards(entry.path))
    ]
    created += (SymlinkEntry(path, text) for path, text in kept.items())
    return await Get(Digest, CreateDigest(created))


@_uncacheable_rule
async def find_links(request: _DirectoriesRequest) -> _Links:
    """The engine does not report links, nor changes of them."""
    found: dict[str, tuple[str, str, bool]] = {}
    for directory in request.paths:
        if any(path in found for path in _upwards(directory)):
            continue  # A linked directory is read at its real path.
        place = os.path.join(get_buildroot(), directory)
        try:
            names = sorted(os.listdir(place))
        except OSError:
            continue
        for name in names:
            path, full = posixpath.join(directory, name), os.path.join(place, name)
            if os.path.islink(full):
                found[path] = (path, os.readlink(full), os.path.exists(full))
    return _Links(tuple(found[path] for path in sorted(found)))


def _directories(globs: Iterable[str], snapshot: Snapshot) -> tuple[str, ...]:
    """Directories with captured files, and those that the globs name."""
    paths = {posixpath.dirname(path) for path in snapshot.files}
    found = {above for path in paths for above in _upwards(path)}
    for glob in globs:
        names = glob.split("/")
        wild = (number for number, name in enumerate(names) if set(name) & set(_WILDCARDS))
        found.add("/".join(names[: next(wild, len(names) - 1)]))
    return tuple(sorted(found))


def _check_dangling(links: _Links, matcher: FilespecMatcher, origin: str) -> None:
    for path, text, leads_somewhere in links.found:
        if not leads_somewhere and matcher.matches([path]):
            raise TargetError(
                f"{origin}, whose sources include the link {path} to {text!r}, which does not "
                "exist. Remove the link or exclude it from `sources`; if it should lead to a "
                "file in the image, use `symlinks`."
            )


def _is_kept(path: str, text: str, snapshot: Snapshot) -> bool:
    """Whether the link leads to another captured file, or a directory with such files."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
    if path in snapshot.files:
        return target in snapshot.files
    is_directory = any(file.startswith(f"{path}/") for file in snapshot.files)
    return is_directory and any(file.startswith(f"{target}/") for file in snapshot.files)


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = posixpath.dirname(path)
