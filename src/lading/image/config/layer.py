"""A layer as the config and the manifest describe it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from lading.compression.layer_media_type import ZSTD_MEDIA_TYPE
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import read_json

#: The most that dockerd accepts (moby, maxLayerDepth).
MAX_LAYERS = 125

_EMPTY = Sha256.of(END_OF_ARCHIVE)


def check_layer_count(count: int) -> None:
    """Raises a LadingError if docker would refuse to load the image (moby#20298, #25957)."""
    if count > MAX_LAYERS:
        raise LadingError(
            f"the image has {count} layers, including those of its `base`, but docker supports at "
            f"most {MAX_LAYERS}. Use a shorter chain of bases, or a base with fewer layers."
        )


@dataclass(frozen=True)
class PackagePart:
    """Where a layer's blob has the compressed segment of a package, without the tar members before
    and after it: `size` bytes from `offset` on."""

    offset: int
    size: int


@dataclass(frozen=True)
class Layer:
    """`digest` and `size` (bytes) describe the blob, `diff_id` and `tar_size` (bytes) the tar in
    it.

    `created_by` is for the image's history. `holes` counts the bytes of sparse files that are zero
    and not in the tar; only layers of pulled images can have any. `package` is set if the layer has
    one package and nothing else.
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
        """Reads a layer's JSON."""
        return read_json(cls, description)
