"""A layer as the config and the manifest name it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from lading.compression.layer_media_type import ZSTD_MEDIA_TYPE
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import read_json

#: As many as dockerd takes (moby, maxLayerDepth).
MAX_LAYERS = 125

_EMPTY = Sha256.of(END_OF_ARCHIVE)


def check_layer_count(count: int) -> None:
    """A LadingError where docker would refuse to load the image (moby#20298, #25957)."""
    if count > MAX_LAYERS:
        raise LadingError(
            f"the image has {count} layers, including those of its `base`, but docker supports at "
            f"most {MAX_LAYERS}. Use a shorter chain of bases, or a base with fewer layers."
        )


@dataclass(frozen=True)
class PackagePart:
    """From `offset` on, `size` bytes of a layer's blob are a package's segment, compressed, without
    what a layer has before and behind it."""

    offset: int
    size: int


@dataclass(frozen=True)
class Layer:
    """`digest` and `size` (bytes) are of the blob, `diff_id` and `tar_size` of the tar in it.

    `created_by` is what the image's history says of it. `holes` are the bytes of its files that are
    zeros and not in the tar, which bases of others alone can have. `package` is there if the layer
    has one package and nothing else.
    """

    digest: Sha256
    diff_id: Sha256
    size: int
    media_type: str
    created_by: str
    tar_size: int
    holes: int = 0
    package: Optional[PackagePart] = None

    @property
    def is_zstd(self) -> bool:
        return self.media_type == ZSTD_MEDIA_TYPE

    @property
    def is_empty(self) -> bool:
        return self.diff_id == _EMPTY

    @classmethod
    def read(cls, description: Path) -> "Layer":
        """From its JSON."""
        return read_json(cls, description)
