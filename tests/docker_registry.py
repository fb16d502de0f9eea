"""A real docker-registry on loopback, a token server for it, and a bad network before it."""

import base64
import http.client
import json
import random
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple
from urllib.parse import parse_qs, urlsplit

from local_server import free_port, local_server

USER, PASSWORD, IDENTITY_TOKEN = "me", "se:cr:et", "an identity token"

#: What `htpasswd -nbB` makes of user and password.
_HTPASSWD = "me:$2y$05$3orixz0oRRS/z8FMG.GblOx4QY5.pgzRBYxUSE8LYoqQe1P3JkJjG\n"

_ISSUER, _SERVICE = "tests", "the registry"
_PROGRAM = "docker-registry"


@contextmanager
def docker_registry(
    storage: Path, auth: Optional[Dict[str, Any]] = None, **http_options: Any
) -> Iterator[str]:
    """`host:port` of a registry of what is in `storage`, which several may share."""
    port = free_port()
    config = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": f"127.0.0.1:{port}", **http_options},
        **({"auth": auth} if auth else {}),
    }
    path = storage.parent / f"registry-{port}.json"  # YAML too
    path.write_text(json.dumps(config))
    with local_server([_PROGRAM, "serve", str(path)], port, path.with_suffix(".log")):
        yield f"127.0.0.1:{port}"


def basic_auth(directory: Path) -> Dict[str, Any]:
    path = directory / "htpasswd"
    path.write_text(_HTPASSWD)
    return {"htpasswd": {"realm": "tests", "path": str(path)}}


class _QuietHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    owner: Any = None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nothing to report."""


@contextmanager
def _serving(owner: Any, handler: Callable[..., _QuietHandler], host: str) -> Iterator[str]:
    server = _QuietServer((host, 0), handler)
    server.owner = owner
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class TokenServer:
    """Gives tokens for whatever is asked to who knows the password or the identity token, and
    tokens for nothing to others (distribution, docs/spec/auth/jwt.md). `requests` are "GET" or
    "POST" with "password", "identity token" or "nobody", `scopes` what was asked for in each.
    """

    def __init__(self, directory: Path) -> None:
        self.requests: List[Tuple[str, str]] = []
        self.scopes: List[List[str]] = []
        #: Seconds that a token is good for, whatever it says in its answer.
        self.lifetime = 300.0
        self._key = directory / "key.pem"
        self.certificate = directory / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tests"]
            + ["-keyout", str(self._key), "-out", str(self.certificate)],
            check=True,
            stderr=subprocess.DEVNULL,
        )

    @contextmanager
    def serving(self) -> Iterator[Dict[str, Any]]:
        """The `auth` of a registry that believes this server."""
        with _serving(self, _TokenHandler, "127.0.0.1") as host:
            yield {
                "token": {
                    "realm": f"http://{host}/token",
                    "service": _SERVICE,
                    "issuer": _ISSUER,
                    "rootcertbundle": str(self.certificate),
                }
            }

    def token(self, scopes: List[str], who: str) -> str:
        access = []
        for scope in scopes if who != "nobody" else []:
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        der = ssl.PEM_cert_to_DER_cert(self.certificate.read_text())
        # The registry is 60 seconds patient with clocks.
        expires = time.time() + self.lifetime - 60
        claims = {
            "iss": _ISSUER,
            "aud": _SERVICE,
            "sub": who,
            "exp": int(expires),
            "nbf": int(expires) - 1000,
            "jti": str(time.monotonic_ns()),
            "access": access,
        }
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self._key)],
            input=signed,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        return (signed + b"." + _base64url(signature)).decode()


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


class _TokenHandler(_QuietHandler):
    def do_GET(self) -> None:
        shown = self.headers.get("Authorization")
        known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if shown not in (None, f"Basic {known}"):
            self.answer(401)
            return
        query = parse_qs(urlsplit(self.path).query)
        self._give(query.get("scope", []), "password" if shown else "nobody")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("refresh_token") != [IDENTITY_TOKEN]:
            self.answer(401)
            return
        self._give(form["scope"][0].split(), "identity token")

    def _give(self, scopes: List[str], who: str) -> None:
        owner: TokenServer = self.server.owner  # type: ignore[attr-defined]
        owner.requests.append((self.command, who))
        owner.scopes.append(scopes)
        token = owner.token(scopes, who)
        self.answer(200, json.dumps({"token": token, "expires_in": 300}).encode())


@dataclass(frozen=True)
class Fault:
    """What happens to an answer with status 200 or 206 to a GET. The numbers are bytes of the
    body; `flip` is the place of a byte that is changed. With `status` the registry is not asked.

    To other requests it happens on their way: of the body, `cut` bytes come through before the
    connection is lost. With `is_lost` all comes through, and the answer is lost.
    """

    name: str
    status: Optional[int] = None
    headers: Dict[str, str] = field(default_factory=dict)
    cut: Optional[int] = None
    truncate: Optional[int] = None
    flip: Optional[int] = None
    reset: bool = False
    drip_seconds: float = 0
    drop_range: bool = False
    is_lost: bool = False


GOOD = Fault("good")


@dataclass(frozen=True)
class Passed:
    """A request; `size` is how much of its body came through."""

    method: str
    path: str
    size: int


class FaultProxy:
    """Between a client and the registry at `upstream`. The answers to requests of `methods` for
    `path` suffer `faults`, one each; later ones pass. `requests` are those that have no body,
    `passed` all, and `shown` is the Authorization of each. Bodies come through in pieces of
    `piece` bytes, each with a `delay` in seconds.
    """

    def __init__(self, upstream: str, methods: Tuple[str, ...] = ("GET",)) -> None:
        self.upstream = upstream
        self.methods = methods
        self.path = "/blobs/"
        self.piece = 1 << 16
        self.delay = 0.0
        #: Bytes of bodies so far.
        self.came_through = 0
        self.passed: List[Passed] = []
        self.faults: List[Fault] = []
        self.requests: List[Tuple[str, Optional[str]]] = []
        self.shown: List[Optional[str]] = []

    @contextmanager
    def serving(self, host: str = "127.0.0.1") -> Iterator[str]:
        with _serving(self, _ProxyHandler, host) as address:
            yield address


class _ProxyHandler(_QuietHandler):
    def do_GET(self) -> None:
        proxy: FaultProxy = self.server.owner  # type: ignore[attr-defined]
        proxy.requests.append((self.path, self.headers.get("Range")))
        proxy.passed.append(Passed(self.command, self.path, 0))
        fault = self._fault(proxy)
        if fault.status is not None:
            self.answer(fault.status, b"", **fault.headers)
            return
        status, headers, body = self._ask(proxy.upstream, fault)
        if status not in (200, 206):
            fault = GOOD
        body = body[: fault.truncate]
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        length = dict(headers).get("Content-Length", "0")
        self.send_header("Content-Length", str(len(body)) if fault.truncate else length)
        self.end_headers()
        if self.command != "HEAD":
            self._send(body, fault)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        proxy: FaultProxy = self.server.owner  # type: ignore[attr-defined]
        fault = self._fault(proxy)
        length = int(self.headers["Content-Length"])
        if fault.status is not None:
            self.rfile.read(length)
            self.answer(fault.status, b"", **fault.headers)
            return
        connection = http.client.HTTPConnection(proxy.upstream, timeout=60)
        try:
            end = length if fault.cut is None else min(fault.cut, length)
            size = self._forward(proxy, connection, end)
            proxy.passed.append(Passed(self.command, self.path, size))
            if fault.cut is not None:
                self._reset()
                return
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if fault.is_lost:
            self._reset()
            return
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "date", "server"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PATCH = do_PUT

    def _fault(self, proxy: FaultProxy) -> Fault:
        proxy.shown.append(self.headers.get("Authorization"))
        is_hit = self.command in proxy.methods and proxy.path in self.path and proxy.faults
        return proxy.faults.pop(0) if is_hit else GOOD

    def _send_head(self, connection: http.client.HTTPConnection) -> None:
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders()

    def _forward(self, proxy: FaultProxy, connection: http.client.HTTPConnection, end: int) -> int:
        """Send the head, and `end` bytes of the body unless the client hangs up; how many."""
        self._send_head(connection)
        size = 0
        while size < end:
            piece = self.rfile.read(min(proxy.piece, end - size))
            if not piece:
                self.close_connection = True
                break
            connection.send(piece)
            size += len(piece)
            proxy.came_through += len(piece)
            time.sleep(proxy.delay)
        return size

    def _reset(self) -> None:
        self.close_connection = True
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _ask(self, upstream: str, fault: Fault) -> Tuple[int, List[Tuple[str, str]], bytes]:
        if fault.drop_range:
            del self.headers["Range"]
        connection = http.client.HTTPConnection(upstream, timeout=60)
        self._send_head(connection)
        response = connection.getresponse()
        answer = response.status, response.getheaders(), response.read()
        connection.close()
        return answer

    def _send(self, body: bytes, fault: Fault) -> None:
        if fault.flip is not None and body:
            place = fault.flip % len(body)
            body = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        if fault.drip_seconds:
            for place in range(len(body)):
                self.wfile.write(body[place : place + 1])
                time.sleep(fault.drip_seconds)
        self.wfile.write(body[: fault.cut])
        if fault.cut is not None:
            self.close_connection = True
            if fault.reset:
                self._reset()


def random_faults(generator: random.Random, size: int) -> List[Fault]:
    """A few faults of all kinds for a blob of `size` bytes."""

    def at() -> int:
        return generator.randrange(size)

    kinds: List[Callable[[], Fault]] = [
        lambda: Fault("cut", cut=at()),
        lambda: Fault("reset", cut=at(), reset=True),
        lambda: Fault("truncated", truncate=at() or 1),
        lambda: Fault("wrong byte", flip=at()),
        lambda: Fault("wrong byte, cut", flip=at(), cut=at()),
        lambda: Fault("429", status=429, headers={"Retry_After": "0"}),
        lambda: Fault("500", status=generator.choice((500, 502, 503, 504))),
        lambda: Fault("408", status=408),
        lambda: Fault("no range", drop_range=True),
        lambda: Fault("no range, cut", drop_range=True, cut=at()),
        lambda: Fault("slow", drip_seconds=0.2),
    ]
    return [generator.choice(kinds)() for _ in range(generator.randrange(1, 6))]


def random_push_faults(generator: random.Random, size: int) -> List[Fault]:
    """A few faults for a push of blobs of at most `size` bytes, and some requests without one."""

    def at() -> int:
        return generator.randrange(size)

    kinds: List[Callable[[], Fault]] = [
        lambda: GOOD,
        lambda: Fault("cut", cut=at()),
        lambda: Fault("cut at once", cut=0),
        lambda: Fault("lost answer", is_lost=True),
        lambda: Fault("429", status=429, headers={"Retry_After": "0"}),
        lambda: Fault("500", status=generator.choice((500, 502, 503, 504))),
        lambda: Fault("404", status=404),
        lambda: Fault("400", status=400),
    ]
    return [generator.choice(kinds)() for _ in range(generator.randrange(1, 20))]
