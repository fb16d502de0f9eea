"""Streams that compute the digest of the data passing through them."""

import hashlib
from typing import BinaryIO, Iterator, Union

from lading.values.digest import Sha256


class _Hashed:
    """`sha256` and `size` (bytes) cover everything so far."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def _take(self, data: Union[bytes, memoryview]) -> None:
        self._hash.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> Sha256:
        return Sha256(self._hash.hexdigest())


class HashedInput(_Hashed):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self._take(data)
        return data


class HashedOutput(_Hashed):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def write(self, data: Union[bytes, memoryview]) -> int:
        self._take(data)
        return self._file.write(data)


class HashedChunks(_Hashed):
    """An iterator over chunks that hashes each one as it returns it."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._take(chunk)
        return chunk
