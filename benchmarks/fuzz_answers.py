"""Answers of registries, token servers, storage and indexes to fuzz with."""

import gzip
import io
import json
import random
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, List

from lading.fetch.client import Client, Page, Wanted
from lading.fetch.partial_file import PartialFile
from lading.fetch.simple_index import file_url
from lading.network.raw_server_testing import RawServer
from lading.network.retries import Patience
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.challenge import parse_challenges
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.transport import Transport
from lading.registry.place import Place
from lading.registry.push.push_connection import PushConnection
from lading.registry.push.upload import BlobFile, Upload
from lading.registry.tag_digest import tag_digest
from lading.values.digest import Sha256

_PATIENCE = Patience(
    connect=1, read=0.05, tries=2, first_delay=0, longest_delay=0, window=0.05, slowest=1000
)
_BLOB = b"a blob" * 100

_NUMBERS = [
    "0",
    "1",
    "-1",
    "600",
    "5",
    "9" * 19,
    "9" * 5000,
    "1e400",
    "NaN",
    "x",
    "",
    "\xb2",
    "0x1",
]
_PIECES = [
    *("a", "=", '"', "\\", ",", " ", "\t", "Bearer", "Basic", "realm", "scope", "\x00", "\x1b[2J"),
    *("\xff", "%", "[", "]", "@", ":", "/", "?", "#", "..", "localhost", "127.0.0.1", "10.0.0.1"),
    *("https://", "http://", "file:///", "repository:app:pull", "\r\n ", "é", "<a href=", ">", "<"),
]
_STATUSES = [
    *("200 OK", "200 OK", "200 OK", "201 Created", "202 Accepted", "206 Partial Content"),
    *("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "400 Bad Request"),
    *("401 Unauthorized", "401 Unauthorized", "403 Forbidden", "404 Not Found", "416 Range"),
    *(
        "429 Too Many",
        "500 Oh",
        "503 Busy",
        "999 \x1b[2J",
        "100 Continue",
        "x",
        "204 No",
        "304 Not",
    ),
]


class AnswerFuzzer:
    """Clients of a server on this machine that says anything."""

    def __init__(self, directory: Path) -> None:
        self._answers: List[bytes] = []
        self._server = RawServer(self._say)
        self._server.__enter__()
        self._host = self._server.host
        self._path = directory / "blob"
        self._path.write_bytes(_BLOB)
        self._resolve = socket.getaddrinfo
        socket.getaddrinfo = self._resolved
        self._do: Callable[[], object] = lambda: None

    def prepare(self, rng: random.Random) -> str:
        self._rng = rng
        kind = rng.choice(["document", "save", "tag", "upload", "page", "text"])
        self._answers = [self._answer() for _ in range(rng.randrange(1, 7))]
        self._do = getattr(self, f"_{kind}")
        return kind

    def run(self) -> None:
        self._do()

    def _document(self) -> None:
        self._client().document(self._url("manifests/x"), "*/*", limit=1 << 20)

    def _save(self) -> None:
        part = PartialFile(io.BytesIO(_BLOB[: self._rng.choice([0, 5])]))
        size = self._rng.choice([None, len(_BLOB)])
        self._client().save(self._url("blobs/x"), part, Wanted(size, 1 << 20))

    def _tag(self) -> None:
        tag_digest(self._client(), self._place(), "x")

    def _upload(self) -> None:
        connection = PushConnection(
            self._place(), self._transport(), lambda line: None, _PATIENCE, threading.Event()
        )
        connection.manifest_of("x")
        Upload(connection, BlobFile(str(self._path), Sha256.of(_BLOB), len(_BLOB))).run()

    def _page(self) -> None:
        client = Client(patience=_PATIENCE)
        file_url(client.page(f"http://{self._host}/simple/a/", "*/*"), "a-1.whl")

    def _text(self) -> None:
        """Readers that need no server, at once."""
        for _ in range(50):
            text = self._words()
            parse_challenges(text)
            kind = self._rng.choice(["text/html", "application/json"])
            file_url(Page("https://a.example/simple/a/", kind, text), "a-1.whl")

    def _client(self) -> Client:
        return Client(patience=_PATIENCE, sender=self._transport())

    def _transport(self) -> Transport:
        place = self._place()
        return Transport(place, Authorizers(place, CredentialSource({})), "/nonexistent")

    def _place(self) -> Place:
        return Place(self._host, "http", self._host, "app")

    def _url(self, path: str) -> str:
        return f"http://{self._host}/v2/app/{path}"

    def _say(self, connection: socket.socket) -> None:
        connection.settimeout(2)
        with suppress(OSError):
            while connection.recv(1 << 16):
                if not self._answers:
                    return
                connection.sendall(self._answers.pop(0))

    def _answer(self) -> bytes:
        rng = self._rng
        body = self._body()
        lines = [f"HTTP/1.1 {rng.choice(_STATUSES if rng.random() < 0.6 else _STATUSES[:3])}"]
        framing = rng.choice(["length", "length", "length", "chunked", "none", "wrong"])
        if rng.random() < 0.2:
            body = gzip.compress(body)
            lines.append(f"Content-Encoding: {rng.choice(['gzip', 'gzip', 'br', 'gzip, gzip'])}")
        if framing == "length":
            lines.append(f"Content-Length: {len(body)}")
        elif framing == "wrong":
            lines.append(f"Content-Length: {rng.choice(_NUMBERS)}")
        elif framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, rng.choice([b"", b"X: y\r\n"]))
        for _ in range(rng.randrange(5)):
            lines.append(self._header())
        content = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body
        return self._damaged(content) if rng.random() < 0.3 else content

    def _header(self) -> str:
        rng = self._rng
        digest = f"sha256:{Sha256.of(_BLOB).hex}"
        token = f'Bearer realm="http://{self._host}/token",service="s",scope="{self._words()}"'
        return rng.choice(
            [
                *(f"WWW-Authenticate: {token}", f"WWW-Authenticate: {token}"),
                f"WWW-Authenticate: {self._words()}",
                *(f"Location: /v2/app/{rng.random()}", f"Location: {self._words()}"),
                f"Location: http://{self._host}/{self._words()}",
                f"Range: 0-{rng.choice(_NUMBERS)}",
                f"Content-Range: bytes {rng.choice(_NUMBERS)}-9/{rng.choice(_NUMBERS)}",
                f"OCI-Chunk-Min-Length: {rng.choice(_NUMBERS)}",
                f"Retry-After: {rng.choice([*_NUMBERS, 'Mon, 01 Jan 99999 00:00:00 GMT'])}",
                *(f"Docker-Content-Digest: {digest}", f"Docker-Content-Digest: {self._words()}"),
                "Content-Type: application/json; charset=" + rng.choice(["utf-8", "x", "utf-7"]),
                *("Connection: close", "Set-Cookie: a=b", f"{self._words()}: x", " folded"),
            ]
        )

    def _body(self) -> bytes:
        rng = self._rng
        choice = rng.randrange(6)
        if choice == 0:
            return _BLOB
        if choice == 1:
            return f'{{"token": "{self._words()}", "expires_in": {rng.choice(_NUMBERS)}}}'.encode()
        if choice == 2:
            value: Any = rng.choice([self._words(), 5, None, [], {"a": 1}])
            errors = {"errors": rng.choice([[{"code": value, "message": value}], value, [value]])}
            return json.dumps(errors).encode()
        if choice == 3:
            link: Any = rng.choice([self._words(), "a-1.whl", 5])
            return json.dumps({"files": [{"filename": "a-1.whl", "url": link}]}).encode()
        if choice == 4:
            return f'<base href="{self._words()}"><a href="{self._words()}a-1.whl">'.encode()
        return rng.choice([b"", b"[" * 100_000, b"9" * 100_000, rng.randbytes(1000)])

    def _words(self) -> str:
        return "".join(self._rng.choices(_PIECES, k=self._rng.randrange(12)))

    def _damaged(self, content: bytes) -> bytes:
        rng, damaged = self._rng, bytearray(content)
        for _ in range(rng.randrange(1, 6)):
            place = rng.randrange(len(damaged) + 1)
            end = place + rng.choice([0, 1, 1, 20])
            damaged[place:end] = rng.choice([b"", b"\r\n", b"\x00", b":", rng.randbytes(2)])
        return bytes(damaged)

    def _resolved(self, host: Any, *others: Any, **more: Any) -> Any:
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "unknown host")
        return self._resolve(host, *others, **more)
