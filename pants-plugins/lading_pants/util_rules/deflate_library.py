"""The gzip of layers, fetched (see `lading.image.deflate_library`)."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, collect_rules, rule

from lading.image.deflate_library import LIBRARY, deflate_package
from lading_pants.util_rules.pinned_library import PinnedLibrary, PinnedLibraryRequest
from lading_pants.util_rules.platform import BuildPlatform


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
