"""The media types of layers: OCI image-spec, layer.md; distribution, manifest-v2-2.md."""

from lading.compression.layer_blob import Compression
from lading.files.layer_error import LayerError
from lading.values.foreign_text import shown

_OCI = "application/vnd.oci.image.layer.v1.tar"

#: OCI image-spec, layer.md, Media Types.
GZIP_MEDIA_TYPE = _OCI + "+gzip"
ZSTD_MEDIA_TYPE = _OCI + "+zstd"

_DOCKER = "application/vnd.docker.image.rootfs.diff.tar"

_KNOWN = frozenset(
    {
        "",  # missing in practice
        *(_OCI + suffix for suffix in ("", "+gzip", "+zstd")),
        # BuildKit 0.10 wrote .zstd (containerd#9263).
        *(_DOCKER + suffix for suffix in ("", ".gzip", ".zstd")),
    }
)


def check_media_type(media_type: str) -> None:
    """LayerError for what is no layer that may be passed on."""
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
    """What a manifest of OCI's family calls a layer, whatever another called it (ggcr#2203)."""
    return _OCI + compression.value
