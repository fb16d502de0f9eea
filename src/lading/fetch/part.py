"""The growing copy of a file that is being downloaded."""

import hashlib
from typing import BinaryIO

from lading.values.digest import Sha256

_CHUNK = 1 << 20


class Part:
    """Bytes from the beginning of a file, hashed as they come.

    `is_pieced` says whether they are of more than one connection: then a wrong digest may be
    due to pieces of different files.
    """

    def __init__(self, handle: BinaryIO) -> None:
        """Goes on behind what `handle`, open for reading and writing, already holds."""
        self._handle = handle
        self._hash = hashlib.sha256()
        self.size = 0
        handle.seek(0)
        while True:
            chunk = handle.read(_CHUNK)
            if not chunk:
                break
            self._hash.update(chunk)
            self.size += len(chunk)
        self.is_pieced = self.size > 0

    def write(self, chunk: bytes) -> None:
        self._handle.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Forget all bytes."""
        self._handle.seek(0)
        self._handle.truncate()
        self._hash = hashlib.sha256()
        self.size = 0
        self.is_pieced = False

    def sha256(self) -> Sha256:
        return Sha256(self._hash.hexdigest())
