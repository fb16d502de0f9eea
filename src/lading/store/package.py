"""A built store package, as later steps know it."""

from dataclasses import dataclass
from typing import Tuple

from lading.values.path import StorePath


@dataclass(frozen=True, order=True)
class StorePackage:
    """What a build reports about its result.

    `references` are the store paths whose hash occurs in the package, sorted, without the package
    itself. `segment_sha256` (hex) and `segment_size` (bytes) describe the tar segment;
    `unpacked_size` is the sum of the sizes of its files in bytes. `reasons` has a file for each
    reference, in the same order, in which it was found.
    """

    path: StorePath
    references: Tuple[StorePath, ...]
    reasons: Tuple[str, ...]
    segment_sha256: str
    segment_size: int
    unpacked_size: int
