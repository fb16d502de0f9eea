"""Trees of files that one process unpacks and all others use, as long as they are unchanged.

    <place>/tree             the tree; nobody may write to its files
    <place>/manifest.json    the unpacked files, with digests of all contents
    <place>/state.json       `State`; its modification time is the last use of the tree
    <place>.lock             held while the tree is created
"""

import contextlib
import hashlib
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List

from lading.cache.tree_manifest import TreeManifest, stat_digest
from lading.cache.workplace import UNFINISHED, remove_tree, workplace
from lading.runtime.file_lock import lock
from lading.runtime.whole_file import write_whole
from lading.values.errors import LadingError
from lading.values.json_codec import read_json, to_json

TREE, MANIFEST, STATE = "tree", "manifest.json", "state.json"

#: Stands between the name of a damaged tree and a random suffix.
DAMAGED = ".damaged."

#: A file in each cache that all its users lock, and that whoever removes something locks
#: exclusively.
USERS = "users.lock"

#: Seconds after which contents are read again: a disk's bits can change without a trace, and
#: reading a build root takes half a second.
_CHECK_INTERVAL = 30 * 24 * 60 * 60

# Locked files of the caches that this process uses; they stay open until it ends.
_used: List[int] = []


class DamagedTreeError(Exception):
    """A tree is not what it was; the text says what differs."""


@dataclass(frozen=True)
class State:
    """Digests (hex) of the manifest and of the results of `lstat` when the contents were last read,
    and the time of that in seconds."""

    manifest: str
    stats: str
    checked: int


def cached_tree(cache: Path, place: Path, make: Callable[[Path], None]) -> Path:
    """The tree at `place`, below the directory `cache`. Nobody removes it while this process runs.

    If the tree is missing or has changed, `make` is called with a path at which to create it. Any
    number of processes may ask at once: one works, the others wait. Remains of a killed process are
    removed. A damaged tree is moved away rather than removed, since others may still have it open.
    """
    cache.mkdir(parents=True, exist_ok=True)
    use_cache(cache)
    if not _is_sound(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with _maker(place):
            if not _is_sound(place):
                _make(place, make)
    with contextlib.suppress(FileNotFoundError, PermissionError):
        os.utime(place / STATE)
    return place / TREE


def use_cache(cache: Path) -> None:
    """Until this process ends, nobody removes anything from the cache."""
    try:
        file = os.open(cache / USERS, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:  # it belongs to somebody else, who has removed the file
        return
    if any(os.path.sameopenfile(file, other) for other in _used):
        os.close(file)
        return
    lock(file, "clearing the cache", shared=True)
    _used.append(file)


def check_contents(place: Path) -> None:
    """Read the whole tree at `place`; raises `DamagedTreeError` if it has changed. The time of its
    last use is not updated."""
    state = _read_state(place)
    try:
        text = (place / MANIFEST).read_text(encoding="ascii")
        if hashlib.sha256(text.encode("ascii")).hexdigest() != state.manifest:
            raise DamagedTreeError(f"its {MANIFEST} is damaged")
        stats = stat_digest(place / TREE)
        found = TreeManifest.of(place / TREE)
    except (OSError, ValueError) as error:
        raise DamagedTreeError(f"it can't be read ({error})") from error
    differences = TreeManifest.from_json(text).differences(found)
    if differences:
        raise DamagedTreeError(differences)
    with contextlib.suppress(OSError):  # for a user who may only read
        used = os.stat(place / STATE)
        _write_state(place, State(state.manifest, stats, int(time.time())))
        # Checking a tree does not count as using it.
        os.utime(place / STATE, ns=(used.st_atime_ns, used.st_mtime_ns))


def _is_sound(place: Path) -> bool:
    """Whether there is an unchanged tree; if not, a line reports why."""
    if not place.exists():
        return False
    try:
        state = _read_state(place)
        is_recent = abs(time.time() - state.checked) < _CHECK_INTERVAL
        if not is_recent or stat_digest(place / TREE) != state.stats:
            # A copied tree differs only in the results of `lstat`, and is recorded again.
            check_contents(place)
        return True
    except (DamagedTreeError, OSError) as error:
        sys.stderr.write(f"{place} is damaged and will be unpacked again: {error}.\n")
        return False


def _read_state(place: Path) -> State:
    try:
        return read_json(State, place / STATE)
    except FileNotFoundError as error:
        raise DamagedTreeError(f"it has no {STATE}") from error
    except (OSError, ValueError) as error:
        raise DamagedTreeError(f"its {STATE} can't be read") from error


def _write_state(place: Path, state: State) -> None:
    write_whole(place / STATE, to_json(state))


@contextmanager
def _maker(place: Path) -> Iterator[None]:
    with open(place.with_name(f"{place.name}.lock"), "a", encoding="ascii") as file:
        lock(file.fileno(), f"unpacking {place}")
        yield


def _make(place: Path, make: Callable[[Path], None]) -> None:
    for leftover in place.parent.glob(f"{place.name}{UNFINISHED}*"):
        remove_tree(leftover)
    with workplace(place) as work:
        entry = work / "entry"
        entry.mkdir(0o755)
        make(entry / TREE)
        manifest = TreeManifest.of(entry / TREE).to_json()
        (entry / MANIFEST).write_text(manifest, encoding="ascii")
        digest = hashlib.sha256(manifest.encode("ascii")).hexdigest()
        _write_state(entry, State(digest, stat_digest(entry / TREE), int(time.time())))
        try:
            if os.path.lexists(place):  # true for a broken link, too
                place.rename(place.with_name(f"{place.name}{DAMAGED}{os.urandom(4).hex()}"))
            entry.rename(place)
        except PermissionError as error:
            raise LadingError(
                f"{place} is damaged, and can't be replaced ({error.strerror}). Remove it as its "
                "owner."
            ) from error
