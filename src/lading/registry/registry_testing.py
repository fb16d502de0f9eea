"""A registry for tests: a misbehaving server with images."""

import hashlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply, Seen
from lading.values.digest import Sha256

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def sha256(content: bytes) -> Sha256:
    return Sha256(hashlib.sha256(content).hexdigest())


def encoded(fields: Any) -> bytes:
    return json.dumps(fields).encode()


@dataclass(frozen=True)
class Guarded(Reply):
    """Serves `inner` to requests with `authorization`, and sends the challenge to others."""

    challenge: str = ""
    authorization: Optional[str] = None
    inner: Reply = field(default_factory=Reply)

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization") == self.authorization:
            self.inner.send(handler)
        else:
            Reply(401, self.body, {"WWW-Authenticate": self.challenge}).send(handler)


def descriptor(content: bytes, media_type: str = OCI_LAYER, **others: Any) -> Dict[str, Any]:
    digest = str(sha256(content))
    return {"mediaType": media_type, "digest": digest, "size": len(content), **others}


def config(layers: int = 1, **others: Any) -> bytes:
    diff_ids = [f"sha256:{number:064x}" for number in range(layers)]
    fields = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": diff_ids}}
    return encoded({**fields, **others})


def manifest(config_bytes: bytes, layers: Sequence[bytes], **others: Any) -> bytes:
    return encoded(
        {
            "schemaVersion": 2,
            "config": descriptor(config_bytes, OCI_CONFIG),
            "layers": [descriptor(layer) for layer in layers],
            **others,
        }
    )


def index(*entries: Tuple[bytes, Optional[Mapping[str, str]]], **others: Any) -> bytes:
    """`entries` are manifests, each with its platform in the index."""
    manifests: List[Dict[str, Any]] = []
    for content, platform in entries:
        manifests.append(descriptor(content, OCI_MANIFEST))
        if platform is not None:
            manifests[-1]["platform"] = platform
    return encoded({"schemaVersion": 2, "manifests": manifests, **others})


class RegistryServer:
    """The repository `path` on a faulty server."""

    def __init__(self, server: FaultyServer, path: str = "team/app") -> None:
        self.server = server
        self.path = path

    @property
    def host(self) -> str:
        return f"{self.server.host}:{self.server.port}"

    @property
    def name(self) -> str:
        return f"{self.host}/{self.path}"

    def url(self, kind: str, name: object) -> str:
        return f"/v2/{self.path}/{kind}/{name}"

    def blob(self, content: bytes, *replies: Reply) -> Sha256:
        """Serves a blob; `replies` are sent first, or instead of it if the last one stays."""
        digest = sha256(content)
        self.server.serve(self.url("blobs", digest), *(replies or (Ranged(body=content),)))
        return digest

    def manifest(self, content: bytes, *replies: Reply, tag: Optional[str] = None) -> Sha256:
        digest = sha256(content)
        self.server.serve(self.url("manifests", digest), *(replies or (Reply(body=content),)))
        if tag:
            headers = {"Docker-Content-Digest": str(digest)}
            self.server.serve(self.url("manifests", tag), Reply(200, content, headers))
        return digest

    def image(self, layers: Sequence[bytes] = (b"layer",), **config_fields: Any) -> bytes:
        """Serves an image; returns its manifest."""
        config_bytes = config(len(layers), **config_fields)
        self.blob(config_bytes)
        for layer in layers:
            self.blob(layer)
        content = manifest(config_bytes, layers)
        self.manifest(content)
        return content

    def seen(self, kind: str, name: object) -> List[Seen]:
        return [one for one in self.server.requests if one.path == self.url(kind, name)]
