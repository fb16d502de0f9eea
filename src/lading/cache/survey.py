"""Lists everything in the cache of this machine: what it is, whether it is unchanged, and when it
was last used.
"""

import fcntl
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional

from lading.cache.cached_tree import DAMAGED, STATE, TREE, DamagedTreeError, check_contents
from lading.cache.workplace import UNFINISHED, remove_tree
from lading.values.digest import Sha256

#: Directories of unpacked trees, and what the trees are.
TREES = {
    "packages": "store package",
    "roots": "build root",
    "python": "interpreter",
}
DOWNLOADS, LOGS, PUSHED = "downloads", "logs", "pushed"

#: Other directories, and what their files are.
_FILES = {DOWNLOADS: "download", LOGS: "log", PUSHED: "note of a pushed layer"}

_DIGEST = re.compile("[0-9a-f]{64}")
_DAY = 24 * 60 * 60

# Directories of earlier versions.
_OLD = ("store",)


@dataclass(frozen=True)
class CacheEntry:
    """One thing in the cache, such as a build root. `size` is in bytes, `used` a time in seconds.
    `fault` says how it is damaged; None if it is sound or can't be checked.
    """

    path: Path
    kind: str
    size: int
    used: float
    fault: Optional[str] = None

    def is_unused(self, days: int) -> bool:
        return time.time() - self.used > days * _DAY

    def remove(self) -> None:
        """Raises OSError if that is not possible."""
        remove_tree(self.path)
        self.path.with_name(f"{self.path.name}.lock").unlink(missing_ok=True)


def survey(cache: Path) -> Iterator[CacheEntry]:
    """All entries, with their contents read, and the descriptions of the machine that lie beside
    the cache (`lading.runtime.machine`). The caller must have locked the cache."""
    for name, kind in TREES.items():
        for path in _children(cache / name):
            if path.is_dir() and not _is_being_made(path):
                yield _tree(path, kind)
    for name, kind in _FILES.items():
        for path in sorted((cache / name).rglob("*")):
            if path.is_file():
                yield _file(path, kind)
    for path in sorted(cache.parent.glob("lading_*")):
        if path.is_dir():
            yield CacheEntry(path, "machine description", _size(path), path.stat().st_mtime)
    for name in _OLD:
        if (cache / name).is_dir():
            yield _left_over(cache / name, "it is of an earlier version")


def _children(directory: Path) -> List[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else []


def _tree(path: Path, kind: str) -> CacheEntry:
    if UNFINISHED in path.name:
        return _left_over(path, "it is unfinished")
    if DAMAGED in path.name:
        return _left_over(path, "it was damaged, and has been unpacked again")
    state = path / STATE
    used = state.stat().st_mtime if state.is_file() else 0.0
    try:
        check_contents(path)
    except DamagedTreeError as error:
        return CacheEntry(path, kind, _size(path), used, str(error))
    return CacheEntry(path, kind, _size(path / TREE), used)


def _is_being_made(path: Path) -> bool:
    """Whether it is unfinished, and a build holds the lock of the final path."""
    name, unfinished, _ = path.name.partition(UNFINISHED)
    if not unfinished:
        return False
    try:
        with open(path.with_name(f"{name}.lock"), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _file(path: Path, kind: str) -> CacheEntry:
    status = path.stat()
    fault = None
    if kind == _FILES[DOWNLOADS] and _DIGEST.fullmatch(path.name):
        try:
            found = Sha256.of_file(path).hex
            fault = None if found == path.name else f"its digest is {found}"
        except OSError as error:
            fault = f"it can't be read ({error.strerror})"
    return CacheEntry(path, kind, status.st_size, status.st_mtime, fault)


def _left_over(path: Path, fault: str) -> CacheEntry:
    return CacheEntry(path, "left-over", _size(path), path.stat().st_mtime, fault)


def _size(tree: Path) -> int:
    return sum(path.lstat().st_size for path in (tree, *tree.rglob("*")) if not path.is_dir())
