"""Chunks that know their digest."""

import hashlib
from typing import Iterator

from lading.values.digest import Sha256


class HashedChunks:
    """`sha256` and `size` (bytes) are of all chunks that were given out so far."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._hash = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._hash.update(chunk)
        self.size += len(chunk)
        return chunk

    @property
    def sha256(self) -> Sha256:
        return Sha256(self._hash.hexdigest())
