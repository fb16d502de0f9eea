"""A remote cache that fails in the middle."""

import socket
import threading
from contextlib import contextmanager
from typing import Iterator

from counting_proxy import CountingProxy


class FailingProxy(CountingProxy):
    """Passes answers on until `good` bytes of them have come, then `fault` befalls the rest: the
    server "dies", and nobody can reach it; it "hangs", so that nothing comes though connections
    stay; what comes is "garbage".

    `has_failed` is set as soon as something did not come through.
    """

    def __init__(self, upstream: str, fault: str, good: int) -> None:
        super().__init__(upstream)
        self.has_failed = threading.Event()
        self._fault = fault
        self._good = good
        self._has_ended = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[str]:
        with super().serving() as address:
            yield address
            self._has_ended.set()

    def connect(self) -> socket.socket:
        if self._fault == "dies" and self.received >= self._good:
            raise ConnectionRefusedError
        return super().connect()

    def answer(self, data: bytes) -> bytes:
        if self.received < self._good:
            return super().answer(data)
        self.has_failed.set()
        if self._fault == "dies":
            raise ConnectionResetError
        if self._fault == "hangs":
            self._has_ended.wait()
        return super().answer(bytes(len(data)))
