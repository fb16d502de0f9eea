"""The gzip of layers, fetched (see `lading.fetch.deflate_library`)."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, collect_rules, rule

from lading.fetch.deflate_library import LIBRARY, deflate_package
from lading_pants.engine.platform import BuildPlatform
from lading_pants.fetch.pinned_library import PinnedLibrary, PinnedLibraryRequest


@dataclass(frozen=True)
class DeflateLibrary:
    """A digest that holds `LIBRARY`."""

    digest: Digest


@rule
async def find_deflate_library(platform: BuildPlatform) -> DeflateLibrary:
    package = deflate_package(platform.architecture)
    found = await Get(
        PinnedLibrary,
        PinnedLibraryRequest(package, LIBRARY, "libdeflate", "the compressor of layers"),
    )
    return DeflateLibrary(found.digest)


def rules():
    return collect_rules()
