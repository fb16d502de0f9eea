"""Files that one program at a time writes to."""

import os
from pathlib import Path
from typing import BinaryIO

from lading.runtime.file_lock import lock


def open_locked(path: Path, mode: int) -> BinaryIO:
    """The file `path`, made with `mode` where there is none, for reading and writing. This function
    gives it to nobody else until it is closed, renamed or removed. See `lading.runtime.file_lock`
    for how long it waits."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode), "r+b")
        try:
            lock(file.fileno(), f"the file {path.name}")
        except BaseException:
            file.close()
            raise
        if _is_at(file, path):
            return file
        # Whoever held the lock before has renamed or removed the file since it was opened here.
        file.close()


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file.fileno()), found)
