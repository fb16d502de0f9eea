"""The request of `archive_main`."""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class LayerFiles:
    """A layer's blob and its JSON description, as paths below the sandbox."""

    blob: str
    description: str


@dataclass(frozen=True)
class ArchiveRequest:
    """`config` and `manifest` are files of the image, `layers` the files of its layers, lowest
    first. `tags` are full names, such as `redis:7.0.15`."""

    config: str
    manifest: str
    tags: Tuple[str, ...]
    layers: Tuple[LayerFiles, ...]
