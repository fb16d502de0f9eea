"""Files that only one program writes to at a time."""

import os
from pathlib import Path
from typing import BinaryIO

from lading.runtime.file_lock import lock


def open_locked(path: Path, mode: int) -> BinaryIO:
    """The file `path`, open for reading and writing; created with `mode` if it is missing. No other
    call returns it until it is closed, renamed or removed. See `lading.runtime.file_lock` for how
    long it waits."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode), "r+b")
        try:
            lock(file.fileno(), f"the file {path.name}")
        except BaseException:
            file.close()
            raise
        if _is_at(file, path):
            return file
        # The previous holder of the lock has renamed or removed the file since it was opened here.
        file.close()


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file.fileno()), found)
