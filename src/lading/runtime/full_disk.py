"""The error message for a full disk."""

import errno
import os
from pathlib import Path
from typing import List, Tuple

from lading.runtime.cache_directory import CACHE_DIR
from lading.values.foreign_text import printable

#: The errors of system calls if there is no room, or the user's quota is used up.
FULL = (errno.ENOSPC, errno.EDQUOT)

_CACHE = Path(CACHE_DIR)

#: In bytes. A program that fails on a full disk may have freed some space again, by removing its
#: output or because its next write was larger than the rest, so "full" means less than this.
_LITTLE = 1 << 22

_REMEDY = (
    "Make room and run it again, or let `local_execution_root_dir` or `named_caches_dir` in "
    "[GLOBAL] of pants.toml name a directory on a larger disk."
)


def full_disk(error: OSError) -> str:
    """A sentence for the user: how much space is free where programs write, and what to do.

    Not all errors say which path had no room, and unfinished output has already been removed.
    """
    return f"there is no room left on a disk ({printable(str(error))}). {_free()} {_REMEDY}"


def hardly_any_room() -> str:
    """A sentence for a failed program of the user's if a full disk may be the cause; else "".

    The program's own output is no evidence: its log lies on the same disk.
    """
    if not any(_is_nearly_full(directory) for _, directory in _places()):
        return ""
    return f"There is hardly any room left on a disk. {_free()} {_REMEDY}"


def _places() -> List[Tuple[str, Path]]:
    places = [("where sandboxes lie", Path.cwd())]
    if _CACHE.is_dir():
        places.append(("where caches lie", _CACHE.resolve()))
    return places


def _is_nearly_full(directory: Path) -> bool:
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize < _LITTLE or _has_no_files_left(disk)


def _has_no_files_left(disk: os.statvfs_result) -> bool:
    return bool(disk.f_files) and not disk.f_favail


def _free() -> str:
    sentence = "; ".join(f"{what}, {_free_in(directory)}" for what, directory in _places())
    return f"{sentence[0].upper()}{sentence[1:]}."


def _free_in(directory: Path) -> str:
    disk = os.statvfs(directory)
    free, size = (blocks * disk.f_frsize / 1e6 for blocks in (disk.f_bavail, disk.f_blocks))
    free_files = ", but no more files can be made" if _has_no_files_left(disk) else ""
    return f"{directory}, {free:,.1f} of {size:,.1f} MB are free now{free_files}"
