"""A file that knows the digest of what was read from it."""

import hashlib
from typing import BinaryIO

from lading.values.digest import Sha256


class HashedInput:
    """`sha256` and `size` (bytes) are of everything read so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    @property
    def sha256(self) -> Sha256:
        return Sha256(self._hash.hexdigest())
