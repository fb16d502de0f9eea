"""Packages unpacked once per machine, in the append-only cache that every program finds."""

from pathlib import Path

from lading.cache.cached_tree import cached_tree
from lading.cache.unpacked_segments import SegmentFile, unpack_segments
from lading.runtime.cache_directory import CACHE_DIR
from lading.store.request import InputPackage

#: The cache's path in a program's sandbox.
CACHE = Path(CACHE_DIR)


def unpacked(package: InputPackage) -> Path:
    """The directory where the package is unpacked on this machine. Unpacks it on first use."""
    segment = SegmentFile(package.segment, package.sha256)
    cache = CACHE.absolute()
    return cached_tree(
        cache,
        cache / "packages" / package.sha256,
        lambda tree: unpack_segments([segment], tree, below=str(package.path).lstrip("/")),
    )
