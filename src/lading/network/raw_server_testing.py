"""A server for tests that sends arbitrary bytes, HTTP or not."""

import socket
import threading
import time
from contextlib import suppress
from typing import Callable, Iterable, Iterator, List

#: Handles one connection.
Script = Callable[[socket.socket], None]


class RawServer:
    """Listens on a port of this machine; each connection has its own thread."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: List[socket.socket] = [self._listener]

    def __enter__(self) -> "RawServer":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def host(self) -> str:
        return "127.0.0.1:%d" % self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self._script(connection)
            connection.close()


def saying(pieces: Callable[[], Iterable[bytes]], seconds: float = 0) -> Script:
    """Reads a request, then sends each piece, waiting that many seconds before the next."""

    def script(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        for piece in pieces():
            connection.sendall(piece)
            time.sleep(seconds)

    return script


def dripping(before: bytes = b"", seconds: float = 0.05) -> Script:
    """Sends `before` at once, and then single bytes for ever."""
    return saying(lambda: (before, *([b"a"] * 10000)), seconds)


def endless(before: bytes, piece: bytes) -> Script:
    def pieces() -> Iterator[bytes]:
        yield before
        while True:
            yield piece

    return saying(pieces)
