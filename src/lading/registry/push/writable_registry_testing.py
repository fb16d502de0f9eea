"""A registry in this process that accepts images and misbehaves on demand."""

import hashlib
import json
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union
from urllib.parse import parse_qs, urlsplit

_READ = 1 << 14


@dataclass(frozen=True)
class Fault:
    """What happens, instead of the answer, to a request of `method` whose path or query contains
    `part`.

    The server answers `status` without doing anything; or closes the connection when it has read
    `cut` bytes of the body, which an upload keeps; or does everything, and closes without an answer
    (`is_lost`).
    """

    method: str
    part: str
    status: Optional[int] = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    cut: Optional[int] = None
    is_lost: bool = False


@dataclass(frozen=True)
class Request:
    """`size` is the number of bytes read of the body."""

    method: str
    path: str
    query: Mapping[str, List[str]]
    headers: Mapping[str, str]
    size: int


class WritableRegistry:
    """`blobs` and `manifests` are its content, by repository and digest, `tags` by repository and
    tag. Other fields configure its behaviour; each of `faults` is used for one request.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.blobs: Dict[Tuple[str, str], bytes] = {}
        self.manifests: Dict[Tuple[str, str], Tuple[str, bytes]] = {}
        self.tags: Dict[Tuple[str, str], str] = {}
        self.uploads: Dict[str, bytearray] = {}
        self.requests: List[Request] = []
        self.connections = 0
        self.faults: List[Fault] = []
        #: Of tokens: how many requests each is valid for, and the scopes that were asked for each.
        self.token_uses: Optional[int] = None
        self.token_scopes: List[List[str]] = []
        self.uses_left = 0
        self.refused_scope = ""
        self.mounts = True
        self.is_immutable = False
        self.location = "{path}"
        self.least_chunk = 0
        self.most_body = 1 << 40
        self.forgets_cut_bytes = False
        self.stalls_at_second_chunk = False
        self.wrong_digest = ""
        self.lock = threading.RLock()
        self._server = _Server((host, 0), _Handler)
        self._server.registry = self
        self.host = f"{host}:{self._server.server_address[1]}"

    def __enter__(self) -> "WritableRegistry":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def log(self) -> List[str]:
        """Method and place of each request, such as "HEAD blobs" or "PUT manifests"."""
        return [f"{one.method} {_place(one.path)}" for one in self.requests]

    def sent(self, method: str, part: str) -> List[Request]:
        return [one for one in self.requests if one.method == method and part in one.path]

    def put_blob(self, repository: str, content: bytes) -> str:
        digest = _digest(content)
        self.blobs[repository, digest] = content
        return digest


def _place(path: str) -> str:
    match = re.search(r"/(blobs/uploads|blobs|manifests|token)\b", path)
    return match.group(1) if match else path


def _digest(content: Union[bytes, bytearray]) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    registry: WritableRegistry

    def process_request(self, request: Any, client_address: Any) -> None:
        self.registry.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up needs no report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def do_HEAD(self) -> None:
        registry = self.server.registry
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        with registry.lock:
            fault = self._fault()
            upload = registry.uploads.get(parts.path) if self.command in ("PATCH", "PUT") else None
        body = self._body(fault, upload)
        with registry.lock:
            seen = Request(self.command, parts.path, self.query, dict(self.headers), len(body))
            registry.requests.append(seen)
        if fault is not None and fault.cut is not None:
            self._hang_up()
            return
        if fault is not None and fault.status is not None:
            content = _error(fault.error) if fault.status >= 400 else b""
            self._answer(fault.status, content, dict(fault.headers))
            return
        with registry.lock:
            status, content, headers = self._handle(parts.path, body)
        if fault is not None and fault.is_lost:
            self._hang_up()
            return
        self._answer(status, content, headers)

    do_GET = do_POST = do_PATCH = do_PUT = do_HEAD

    def _fault(self) -> Optional[Fault]:
        for fault in self.server.registry.faults:
            if fault.method == self.command and fault.part in self.path:
                self.server.registry.faults.remove(fault)
                return fault
        return None

    def _body(self, fault: Optional[Fault], upload: Optional[bytearray]) -> bytes:
        left = int(self.headers.get("Content-Length", 0))
        cut = fault.cut if fault is not None and fault.cut is not None else left
        body = bytearray()
        while len(body) < min(left, cut):
            chunk = self.rfile.read(min(_READ, min(left, cut) - len(body)))
            if not chunk:
                break
            body += chunk
        if cut < left and upload is not None and not self.server.registry.forgets_cut_bytes:
            upload += body
        return bytes(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _answer(self, status: int, content: bytes, headers: Dict[str, str]) -> None:
        self.send_response(status)
        headers.setdefault("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _handle(self, path: str, body: bytes) -> Tuple[int, bytes, Dict[str, str]]:
        registry = self.server.registry
        if path == "/token":
            return self._token()
        if registry.token_uses is not None and not self._is_authorized():
            scope = " ".join(_scopes(path, self.query))
            challenge = f'Bearer realm="http://{registry.host}/token",scope="{scope}"'
            return 401, _error("UNAUTHORIZED"), {"WWW-Authenticate": challenge}
        if len(body) > registry.most_body:
            return 413, b"<html>", {}
        match = re.fullmatch(r"/v2/(.+)/(blobs/uploads|blobs|manifests)/([^/]*)", path)
        if match is None:
            return 404, _error("UNKNOWN"), {}
        repository, kind, name = match.groups()
        if kind == "blobs":
            content = registry.blobs.get((repository, name))
            if content is None:
                return 404, _error("BLOB_UNKNOWN"), {}
            return 200, b"", {"Content-Length": str(len(content))}
        if kind == "manifests":
            return self._manifest(repository, name, body)
        return self._upload(repository, path, body)

    def _token(self) -> Tuple[int, bytes, Dict[str, str]]:
        registry = self.server.registry
        scopes = self.query.get("scope", [])
        registry.token_scopes.append(scopes)
        if registry.refused_scope and any(registry.refused_scope in one for one in scopes):
            return 403, _error("DENIED"), {}
        token = f"{len(registry.token_scopes)} {' '.join(scopes)}"
        registry.uses_left = registry.token_uses or 0
        return 200, json.dumps({"token": token, "expires_in": 900}).encode(), {}

    def _is_authorized(self) -> bool:
        registry = self.server.registry
        number, _, scopes = self.headers.get("Authorization", "")[len("Bearer ") :].partition(" ")
        if number != str(len(registry.token_scopes)) or not registry.uses_left:
            return False
        registry.uses_left -= 1
        return all(
            _has(scopes.split(), one) for one in _scopes(urlsplit(self.path).path, self.query)
        )

    def _manifest(
        self, repository: str, name: str, body: bytes
    ) -> Tuple[int, bytes, Dict[str, str]]:
        registry = self.server.registry
        if self.command in ("HEAD", "GET"):
            digest = registry.tags.get((repository, name), name)
            found = registry.manifests.get((repository, digest))
            if found is None:
                return 404, _error("MANIFEST_UNKNOWN"), {}
            return 200, found[1], {"Docker-Content-Digest": digest, "Content-Type": found[0]}
        digest = _digest(body)
        for blob in _blobs(json.loads(body)):
            if (repository, blob) not in registry.blobs:
                return 400, _error("MANIFEST_BLOB_UNKNOWN"), {}
        if not name.startswith("sha256:"):
            if registry.is_immutable and (repository, name) in registry.tags:
                return 400, _error("TAG_INVALID"), {}
            registry.tags[repository, name] = digest
        registry.manifests[repository, digest] = self.headers["Content-Type"], body
        return 201, b"", {"Docker-Content-Digest": registry.wrong_digest or digest}

    def _upload(self, repository: str, path: str, body: bytes) -> Tuple[int, bytes, Dict[str, str]]:
        registry = self.server.registry
        if self.command == "POST":
            return self._open(repository)
        upload = registry.uploads.get(path)
        if upload is None:
            return 404, _error("BLOB_UPLOAD_UNKNOWN"), {}
        here = {"Location": self._location(path)}
        if self.command == "GET":
            return 204, b"", {**here, "Range": f"0-{max(len(upload) - 1, 0)}"}
        if self.command == "PATCH":
            begin, _, end = self.headers["Content-Range"].partition("-")
            if int(begin) != len(upload) or int(end) - int(begin) + 1 != len(body):
                return 416, b"", {**here, "Range": f"0-{max(len(upload) - 1, 0)}"}
            if upload and registry.stalls_at_second_chunk:
                return 201, b"", {**here, "Range": f"0-{len(upload) - 1}"}
            upload += body
            return 202, b"", {**here, "Range": f"0-{len(upload) - 1}"}
        upload += body
        del registry.uploads[path]
        digest = self.query["digest"][0]
        if _digest(upload) != digest:
            return 400, _error("DIGEST_INVALID"), {}
        registry.blobs[repository, digest] = bytes(upload)
        return 201, b"", {"Docker-Content-Digest": registry.wrong_digest or digest}

    def _open(self, repository: str) -> Tuple[int, bytes, Dict[str, str]]:
        registry = self.server.registry
        if "mount" in self.query:
            digest = self.query["mount"][0]
            content = registry.blobs.get((self.query["from"][0], digest))
            if registry.mounts and content is not None:
                registry.blobs[repository, digest] = content
                return 201, b"", {"Docker-Content-Digest": digest}
        path = f"/v2/{repository}/blobs/uploads/{len(registry.requests)}"
        registry.uploads[path] = bytearray()
        headers = {"Location": self._location(path)}
        if registry.least_chunk:
            headers["OCI-Chunk-Min-Length"] = str(registry.least_chunk)
        return 202, b"", headers

    def _location(self, path: str) -> str:
        return self.server.registry.location.format(path=path)


def _error(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()


def _blobs(manifest: Any) -> List[str]:
    return [one["digest"] for one in [manifest["config"], *manifest["layers"]]]


def _scopes(path: str, query: Mapping[str, List[str]]) -> List[str]:
    """The scopes that a request needs."""
    match = re.match(r"/v2/(.+)/(?:blobs|manifests)/", path)
    needed = [f"repository:{match.group(1)}:pull,push"] if match else []
    return needed + [f"repository:{one}:pull" for one in query.get("from", [])]


def _has(scopes: List[str], needed: str) -> bool:
    resource, _, actions = needed.rpartition(":")
    return any(
        set(actions.split(",")) <= set(one.rpartition(":")[2].split(","))
        for one in scopes
        if one.rpartition(":")[0] == resource
    )
