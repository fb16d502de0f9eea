"""What clients and a server send each other, counted, and held up if it is too much."""

import socket
import threading
from contextlib import contextmanager, suppress
from typing import Iterator, Optional, Tuple

_CHUNK = 1 << 16


class CountingProxy:
    """In front of the server at `upstream`, `host:port`. `sent` is what clients have sent to it and
    `received` what came back, in bytes, headers included. With `limit` nothing goes on from so many
    bytes sent, and `is_stuck` is set.
    """

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.partition(":")
        self.sent = self.received = 0
        self.limit: Optional[int] = None
        self.is_stuck = threading.Event()
        self._upstream = (host, int(port))
        self._lock = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
            yield f"127.0.0.1:{server.getsockname()[1]}"
            server.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                try:
                    upstream = self.connect()
                except OSError:
                    client.close()
                    continue
                for pair, is_answer in (((client, upstream), False), ((upstream, client), True)):
                    threading.Thread(target=self._pass, args=(pair, is_answer), daemon=True).start()

    def connect(self) -> socket.socket:
        """To the server, for a new client."""
        return socket.create_connection(self._upstream)

    def answer(self, data: bytes) -> bytes:
        """What a client gets for a part of what the server sends; an OSError ends both."""
        with self._lock:
            self.received += len(data)
        return data

    def _pass(self, pair: Tuple[socket.socket, socket.socket], is_answer: bool) -> None:
        source, target = pair
        with suppress(OSError):
            while True:
                data = source.recv(_CHUNK)
                if is_answer:
                    data = self.answer(data)
                elif not self._goes_on(len(data)):
                    continue
                if not data:
                    break
                target.sendall(data)
        for one in pair:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _goes_on(self, size: int) -> bool:
        with self._lock:
            if size and self.limit is not None and self.sent + size > self.limit:
                self.is_stuck.set()
                return False
            self.sent += size
            return True
