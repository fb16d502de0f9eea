"""A layer as the config and the manifest name it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict

from lading.compression.layer_media_type import ZSTD_MEDIA_TYPE
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.values.digest import Sha256
from lading.values.errors import LadingError

#: As many as dockerd takes (moby, maxLayerDepth).
MAX_LAYERS = 125

_EMPTY = Sha256.of(END_OF_ARCHIVE)


def check_layer_count(count: int) -> None:
    """A LadingError where docker would refuse to load the image (moby#20298, #25957)."""
    if count > MAX_LAYERS:
        raise LadingError(
            f"the image has {count} layers, with those that `base` leads to, but docker takes "
            f"{MAX_LAYERS} at most. Put fewer images on top of each other, or take a base with "
            "fewer layers."
        )


@dataclass(frozen=True)
class Layer:
    """`digest` and `size` (bytes) are of the blob, `diff_id` and `tar_size` of the tar in it.

    `created_by` is what the image's history says of it. `holes` are the bytes of its files that are
    zeros and not in the tar, which bases of others alone can have.
    """

    digest: Sha256
    diff_id: Sha256
    size: int
    media_type: str
    created_by: str
    tar_size: int
    holes: int = 0

    @property
    def is_zstd(self) -> bool:
        return self.media_type == ZSTD_MEDIA_TYPE

    @property
    def is_empty(self) -> bool:
        return self.diff_id == _EMPTY

    def to_dict(self) -> Dict[str, Any]:
        return {
            "digest": str(self.digest),
            "diff_id": str(self.diff_id),
            "size": self.size,
            "media_type": self.media_type,
            "created_by": self.created_by,
            "tar_size": self.tar_size,
            **({"holes": self.holes} if self.holes else {}),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), sort_keys=True, indent=2) + "\n"

    @classmethod
    def read(cls, description: Path) -> "Layer":
        """From the text of `to_json`."""
        return cls.from_dict(json.loads(description.read_text(encoding="utf-8")))

    @classmethod
    def from_dict(cls, fields: Dict[str, Any]) -> "Layer":
        return cls(
            digest=Sha256.parse(fields["digest"]),
            diff_id=Sha256.parse(fields["diff_id"]),
            size=fields["size"],
            media_type=fields["media_type"],
            created_by=fields["created_by"],
            tar_size=fields["tar_size"],
            holes=fields.get("holes", 0),
        )
