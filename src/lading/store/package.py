"""A realised store package, as the steps after its build know it."""

from dataclasses import dataclass
from typing import Tuple

from lading.values.path import StorePath


@dataclass(frozen=True, order=True)
class StorePackage:
    """What a build says of its result.

    `references` are the store paths whose hash occurs in the package, sorted, without itself.
    `segment_sha256` (hex) and `segment_size` (bytes) are of the tar segment, `unpacked_size` is
    the sum of its files' bytes. `reasons` has, for each reference in order, a file it was found
    in.
    """

    path: StorePath
    references: Tuple[StorePath, ...]
    reasons: Tuple[str, ...]
    segment_sha256: str
    segment_size: int
    unpacked_size: int
