"""The layers of a pulled image, as its manifest and its config say, and the tree that they make."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.values.digest import Sha256


@dataclass(frozen=True)
class BaseLayerRequest:
    """`digest` and `size` (bytes) are of the blob, `diff_id` of the tar archive in it.

    `media_type` is the manifest's, "" if it says none. `created_by` is what the image's history
    says. `max_unpacked_size` is what the user lets the archive have, in bytes; None for the usual.
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
    """What `base_layer_main` wrote, as paths below the sandbox."""

    description: str
    listing: str


@dataclass(frozen=True)
class BaseTreeRequest:
    """`layers` are the lowest first; `max_unpacked_size` is as in `BaseLayerRequest`."""

    layers: Tuple[BaseLayerFiles, ...]
    max_unpacked_size: Optional[int] = None


def layer_subject(digest: str) -> str:
    """How sentences begin that are about a layer."""
    return f"the layer {digest} of the base"
