"""Part of a file as the body of a request, without reading it all into memory."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import RawIOBase
from typing import Iterator


class StoppedError(Exception):
    """The operation was cancelled."""


@dataclass(frozen=True)
class FileRange:
    """`size` bytes of the file at `path`, from `start` on. Reading them raises StoppedError once
    `stop` is set.
    """

    path: str
    start: int
    size: int
    stop: threading.Event = field(default_factory=threading.Event, repr=False)

    @contextmanager
    def opened(self) -> Iterator["RangeReader"]:
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self.start)
            yield RangeReader(self, file)


class RangeReader:
    """The interface that `requests` expects of a body of known length."""

    def __init__(self, body: FileRange, file: RawIOBase) -> None:
        self._body = body
        self._file = file
        self._left = body.size

    def __len__(self) -> int:
        return self._body.size

    def __iter__(self) -> Iterator[bytes]:
        """`requests` only streams what can be iterated over."""
        return iter(lambda: self.read(1 << 16), b"")

    def read(self, size: int) -> bytes:
        if self._body.stop.is_set():
            raise StoppedError
        chunk = self._file.read(min(size, self._left)) or b""
        self._left -= len(chunk)
        return chunk
