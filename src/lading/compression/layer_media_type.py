"""The media types of layers, and how their blobs are compressed: OCI image-spec, layer.md;
distribution, manifest-v2-2.md."""

import re
from enum import Enum
from typing import BinaryIO

from lading.files.layer_error import LayerError
from lading.values.foreign_text import shown

_OCI = "application/vnd.oci.image.layer.v1.tar"

#: OCI image-spec, layer.md, Media Types.
GZIP_MEDIA_TYPE = _OCI + "+gzip"
ZSTD_MEDIA_TYPE = _OCI + "+zstd"

_DOCKER = "application/vnd.docker.image.rootfs.diff.tar"

_GZIP = re.compile(rb"\x1f\x8b")
# A frame, or a frame to skip, with which pzstd begins (RFC 8878, Zstandard Frames).
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")

_KNOWN = frozenset(
    {
        "",  # missing in practice
        *(_OCI + suffix for suffix in ("", "+gzip", "+zstd")),
        # BuildKit 0.10 wrote .zstd (containerd#9263).
        *(_DOCKER + suffix for suffix in ("", ".gzip", ".zstd")),
    }
)


class Compression(Enum):
    """The value is the suffix of OCI's media types."""

    NONE = ""
    GZIP = "+gzip"
    ZSTD = "+zstd"

    @classmethod
    def of(cls, blob: BinaryIO) -> "Compression":
        """`blob` is at its start, and is there again afterwards."""
        start = blob.read(4)
        blob.seek(0)
        if _GZIP.match(start):
            return cls.GZIP
        return cls.ZSTD if _ZSTD.match(start) else cls.NONE


def check_media_type(media_type: str) -> None:
    """Raises LayerError for media types of other things, and of layers that must not be
    redistributed."""
    if "foreign" in media_type or "nondistributable" in media_type:
        raise LayerError(
            f"is of the type {shown(media_type)}, whose content may not be redistributed. Choose "
            "a base without such layers."
        )
    if media_type not in _KNOWN:
        raise LayerError(
            f"is of the type {shown(media_type)!r}, which is not one that Lading reads: "
            "tar, gzip or zstd. Choose another base."
        )


def oci_media_type(compression: Compression) -> str:
    """The type of a layer in an OCI manifest, whatever another manifest called it (ggcr#2203)."""
    return _OCI + compression.value
