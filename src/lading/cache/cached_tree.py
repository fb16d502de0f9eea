"""Trees of files that one process unpacks and all others use, for as long as they are as they were.

    <place>/tree             the tree; nobody may write to its files
    <place>/manifest.json    what was unpacked, with digests of all contents
    <place>/state.json       `State`; its time is when the tree was last used
    <place>.lock             held while the tree is made
"""

import contextlib
import hashlib
import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable, Iterator, List

from lading.cache.tree_manifest import TreeManifest, stat_digest
from lading.cache.workplace import UNFINISHED, remove_tree, workplace
from lading.runtime.file_lock import lock
from lading.runtime.whole_file import write_whole
from lading.values.errors import LadingError

TREE, MANIFEST, STATE = "tree", "manifest.json", "state.json"

#: Stands between the name of a tree that is used no more and something random.
DAMAGED = ".damaged."

#: The file in a cache that all have locked who use it, and who removes something alone.
USERS = "users.lock"

#: Seconds. Contents are read again where the last time is longer ago: bits of a disk can change
#: without a trace, and a build root takes half a second.
_CHECK_INTERVAL = 30 * 24 * 60 * 60

# Locked files of the caches that this process uses, open until it ends.
_used: List[int] = []


class DamagedError(Exception):
    """A tree is not what it was; the text says in what."""


@dataclass(frozen=True)
class State:
    """Digests (hex) of the manifest and of what `lstat` told when the contents were last read,
    and that time in seconds."""

    manifest: str
    stats: str
    checked: int


def cached_tree(cache: Path, place: Path, make: Callable[[Path], None]) -> Path:
    """The tree at `place`, below the directory `cache`. Nobody removes it while this process runs.

    Where there is none, or it is not what it was, `make` is called with a path at which to make
    it. Any number of processes may ask at once: one works, the others wait. What a killed one has
    left is removed. A damaged tree is moved away, for who uses it still has it open.
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
    except PermissionError:  # it is somebody else's, who has removed the file
        return
    if any(os.path.sameopenfile(file, other) for other in _used):
        os.close(file)
        return
    lock(file, "clearing the cache", shared=True)
    _used.append(file)


def check_contents(place: Path) -> None:
    """Read the whole tree at `place`. `DamagedError` if it is not what was unpacked. When it was
    last used stays."""
    state = _read_state(place)
    try:
        text = (place / MANIFEST).read_text(encoding="ascii")
        if hashlib.sha256(text.encode("ascii")).hexdigest() != state.manifest:
            raise DamagedError(f"its {MANIFEST} is damaged")
        stats = stat_digest(place / TREE)
        found = TreeManifest.of(place / TREE)
    except (OSError, ValueError) as error:
        raise DamagedError(f"it can't be read ({error})") from error
    differences = TreeManifest.from_json(text).differences(found)
    if differences:
        raise DamagedError(differences)
    with contextlib.suppress(OSError):  # as somebody who may read only
        used = os.stat(place / STATE)
        _write_state(place, State(state.manifest, stats, int(time.time())))
        # To look at a tree is not to use it.
        os.utime(place / STATE, ns=(used.st_atime_ns, used.st_mtime_ns))


def _is_sound(place: Path) -> bool:
    """Whether there is a tree that is what it was; a line reports why not."""
    if not place.exists():
        return False
    try:
        state = _read_state(place)
        is_recent = abs(time.time() - state.checked) < _CHECK_INTERVAL
        if not is_recent or stat_digest(place / TREE) != state.stats:
            # A copied tree differs in what `lstat` tells only, and is recorded again.
            check_contents(place)
        return True
    except (DamagedError, OSError) as error:
        sys.stderr.write(f"{place} is damaged and will be unpacked again: {error}.\n")
        return False


def _read_state(place: Path) -> State:
    try:
        fields = json.loads((place / STATE).read_text(encoding="ascii"))
        return State(str(fields["manifest"]), str(fields["stats"]), int(float(fields["checked"])))
    except FileNotFoundError as error:
        raise DamagedError(f"it has no {STATE}, so an earlier version of Lading made it") from error
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise DamagedError(f"its {STATE} can't be read") from error


def _write_state(place: Path, state: State) -> None:
    write_whole(place / STATE, json.dumps(asdict(state)))


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
            if os.path.lexists(place):  # a link that leads nowhere, too
                place.rename(place.with_name(f"{place.name}{DAMAGED}{os.urandom(4).hex()}"))
            entry.rename(place)
        except PermissionError as error:
            raise LadingError(
                f"{place} is damaged, and can't be replaced ({error.strerror}). Remove it as its "
                "owner."
            ) from error
