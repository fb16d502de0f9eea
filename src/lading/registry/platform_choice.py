"""Chooses the entries of an index for a platform (containerd, platforms/compare.go)."""

from typing import Dict, List, Tuple

from lading.image.config.platform import Platform
from lading.registry.manifest import ImageIndex, IndexEntry

#: The variant that is meant if an architecture has none.
_DEFAULT_VARIANTS = {"arm": "v7", "arm64": "v8", "amd64": "v1"}

#: The variants that also run on machines of a variant, best first.
_LESSER_VARIANTS: Dict[str, Tuple[str, ...]] = {
    "arm": ("v8", "v7", "v6", "v5"),
    "arm64": ("v8",),
    "amd64": ("v4", "v3", "v2", "v1"),
}


def choose(index: ImageIndex, platform: Platform) -> Tuple[IndexEntry, ...]:
    """The entries that may hold an image for `platform`, best first.

    Entries without a platform come last: their content decides (indexes in indexes).
    """
    ranked: List[Tuple[int, int, IndexEntry]] = []
    variants = _variants(platform)
    for position, entry in enumerate(index.entries):
        if entry.platform is None:
            ranked.append((len(variants), position, entry))
        elif _is_same_kind(entry.platform, platform) and _variant(entry.platform) in variants:
            ranked.append((variants.index(_variant(entry.platform)), position, entry))
    return tuple(entry for _, _, entry in sorted(ranked, key=lambda one: one[:2]))


def suits(found: Platform, wanted: Platform) -> bool:
    """Whether an image for `found` runs on `wanted`."""
    return _is_same_kind(found, wanted) and _variant(found) in _variants(wanted)


def _is_same_kind(one: Platform, other: Platform) -> bool:
    return (one.os, one.architecture) == (other.os, other.architecture)


def _variant(platform: Platform) -> str:
    return platform.variant or _DEFAULT_VARIANTS.get(platform.architecture, "")


def _variants(platform: Platform) -> Tuple[str, ...]:
    """The variants that run on `platform`, best first."""
    variant = _variant(platform)
    known = _LESSER_VARIANTS.get(platform.architecture, ())
    return known[known.index(variant) :] if variant in known else (variant,)
