"""The zstd of layers, fetched (see `lading.fetch.zstd_library`)."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, collect_rules, rule

from lading.fetch.zstd_library import LIBRARY, zstd_package
from lading_pants.engine.platform import BuildPlatform
from lading_pants.fetch.pinned_library import PinnedLibrary, PinnedLibraryRequest


@dataclass(frozen=True)
class ZstdLibrary:
    """A digest that holds `LIBRARY`."""

    digest: Digest


@rule
async def find_zstd_library(platform: BuildPlatform) -> ZstdLibrary:
    package = zstd_package(platform.architecture)
    found = await Get(
        PinnedLibrary,
        PinnedLibraryRequest(package, LIBRARY, "libzstd", "the zstd of layers"),
    )
    return ZstdLibrary(found.digest)


def rules():
    return collect_rules()
