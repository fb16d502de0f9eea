"""The layers of a pulled image as its manifest and config describe them, and their merged tree."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.values.digest import Sha256


@dataclass(frozen=True)
class BaseLayerRequest:
    """`digest` and `size` (bytes) describe the blob, `diff_id` the tar archive in it.

    `media_type` is from the manifest, "" if it has none. `created_by` is from the image's history.
    `max_unpacked_size` is the user's limit for the archive in bytes; None means the default.
    """

    digest: Sha256
    size: int
    media_type: str
    diff_id: Sha256
    created_by: str
    max_unpacked_size: Optional[int] = None

    @property
    def subject(self) -> str:
        return layer_subject(str(self.digest))


@dataclass(frozen=True)
class BaseLayerFiles:
    """The outputs of `base_layer_main`, as paths below the sandbox."""

    description: str
    listing: str


@dataclass(frozen=True)
class BaseTreeRequest:
    """`layers` are ordered from the lowest; `max_unpacked_size` is as in `BaseLayerRequest`."""

    layers: Tuple[BaseLayerFiles, ...]
    max_unpacked_size: Optional[int] = None


def layer_subject(digest: str) -> str:
    """The beginning of sentences about a layer."""
    return f"the layer {digest} of the base"
