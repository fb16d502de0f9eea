"""Reads exact numbers of bytes from chunks of any size."""

from typing import Iterator, List

from lading.files.layer_error import unsound


class ChunkedInput:
    """Raises LayerError if the chunks end too early."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._at = 0

    def at_end(self) -> bool:
        while self._at == len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return True
            self._chunk, self._at = chunk, 0
        return False

    def read(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at <= len(self._chunk):
            return self._chunk[start : self._at]
        parts: List[bytes] = [self._chunk[start:]]
        size -= len(parts[0])
        self._at = len(self._chunk)
        while size:
            self._need_more()
            part = self._chunk[:size]
            self._at = len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size > len(self._chunk) - self._at:
            size -= len(self._chunk) - self._at
            self._at = len(self._chunk)
            self._need_more()
        self._at += size

    def _need_more(self) -> None:
        if self.at_end():
            raise unsound("it is cut off")
