"""The growing copy of a file that is being downloaded."""

import hashlib
from typing import BinaryIO

from lading.values.chunks import chunks
from lading.values.digest import Sha256


class PartialFile:
    """Bytes from the beginning of a file, hashed as they arrive.

    `is_pieced` says whether they came over more than one connection: then pieces of different files
    may be the cause of a wrong digest.
    """

    def __init__(self, handle: BinaryIO) -> None:
        """Continues after what `handle`, open for reading and writing, already has."""
        self._handle = handle
        self._hash = hashlib.sha256()
        self.size = 0
        handle.seek(0)
        for chunk in chunks(handle):
            self._hash.update(chunk)
            self.size += len(chunk)
        self.is_pieced = self.size > 0

    def write(self, chunk: bytes) -> None:
        self._handle.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Discard all bytes."""
        self._handle.seek(0)
        self._handle.truncate()
        self._hash = hashlib.sha256()
        self.size = 0
        self.is_pieced = False

    def sha256(self) -> Sha256:
        return Sha256(self._hash.hexdigest())
