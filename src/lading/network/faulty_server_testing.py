"""A real HTTP server for tests, which misbehaves on demand."""

import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Dict, List, Mapping, Optional, Tuple


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:  # - the name is given
        faulty = self.server.faulty
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        faulty.requests.append(Seen(self.path, dict(self.headers), self.command, body))
        replies = faulty.replies.get(self.path)
        if not replies:
            Reply(404).send(self)
            return
        # The last reply is used for all later requests.
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        reply.send(self)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    faulty: "FaultyServer"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up needs no report."""


@dataclass(frozen=True)
class Seen:
    """A request that the server received."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer with `body`. `cut` closes the connection after that many bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Optional[int] = None
    reset: bool = False
    announce: bool = True
    drip_seconds: float = 0
    drip_after: int = 0

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if self.announce:
            handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        if handler.command != "HEAD":
            self._send_body(handler)
        if self.cut is not None or not self.announce:
            handler.close_connection = True
            if self.reset:
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _send_body(self, handler: BaseHTTPRequestHandler) -> None:
        sent = self.body[: self.cut]
        if not self.drip_seconds:
            handler.wfile.write(sent)
            return
        handler.wfile.write(sent[: self.drip_after])
        for position in range(self.drip_after, len(sent)):
            handler.wfile.write(sent[position : position + 1])
            handler.wfile.flush()
            time.sleep(self.drip_seconds)


@dataclass(frozen=True)
class Ranged(Reply):
    """Honours `Range: bytes=N-` with 206, and with 416 unless N is before the end.

    `cut` counts from the beginning of the part that is sent.
    """

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        whole = len(self.body)
        if not asked:
            super().send(handler)
            return
        start = int(asked.group(1))
        if start >= whole:
            Reply(416, headers={"Content-Range": f"bytes */{whole}"}).send(handler)
            return
        span = {"Content-Range": f"bytes {start}-{whole - 1}/{whole}"}
        Reply(206, self.body[start:], span, self.cut, self.reset, self.announce).send(handler)


class FaultyServer:
    """Serves `replies`, for each path in their order. `requests` are the received requests."""

    def __init__(self, host: str = "127.0.0.1", tls: Optional[ssl.SSLContext] = None) -> None:
        self.host = host
        self.scheme = "https" if tls else "http"
        self.replies: Dict[str, List[Reply]] = {}
        self.requests: List[Seen] = []
        self._server = _Server((host, 0), _Handler)
        self._server.faulty = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> "FaultyServer":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def serve(self, path: str, *replies: Reply) -> str:
        """The URL at which `replies` are served from now on, one after the other."""
        self.replies[path] = list(replies)
        return self.url + path

    def ranges(self, path: str) -> Tuple[Optional[str], ...]:
        """The `Range` of each request for `path`."""
        return tuple(seen.headers.get("Range") for seen in self.requests if seen.path == path)
