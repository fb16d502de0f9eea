"""A file that knows the digest of what was written to it."""

import hashlib
from typing import BinaryIO, Union

from lading.values.digest import Sha256


class HashedOutput:
    """`sha256` and `size` (bytes) are of everything written so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: Union[bytes, memoryview]) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    @property
    def sha256(self) -> Sha256:
        return Sha256(self._hash.hexdigest())
