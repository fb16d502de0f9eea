"""OCI manifest and index (OCI image-spec, manifest.md, image-index.md, image-layout.md)."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.image.reference import ImageReference
from lading.values.canonical_json import canonical_json
from lading.values.digest import Sha256

CONFIG_MEDIA_TYPE = "application/vnd.oci.image.config.v1+json"
MANIFEST_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json"

#: containerd reads a full reference from here and ignores the other annotation; pure OCI tools read
#: the tag from that one.
CONTAINERD_NAME = "io.containerd.image.name"
OCI_REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Image:
    """An image: its two JSON documents and its layers, lowest first."""

    platform: Platform
    config: bytes
    manifest: bytes
    layers: Tuple[Layer, ...]

    @classmethod
    def build(cls, platform: Platform, config: bytes, layers: Sequence[Layer]) -> "Image":
        """The image with a config that describes these layers."""
        manifest = canonical_json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_MEDIA_TYPE,
                "config": _descriptor(CONFIG_MEDIA_TYPE, Sha256.of(config), len(config)),
                "layers": [
                    _descriptor(layer.media_type, layer.digest, layer.size) for layer in layers
                ],
            }
        )
        return cls(platform, config, manifest, tuple(layers))

    @classmethod
    def read(cls, config: bytes, manifest: bytes, layers: Sequence[Layer]) -> "Image":
        """The image of these documents; the manifest names some or all of `layers`."""
        fields = json.loads(config)
        platform = Platform(fields["os"], fields["architecture"], fields.get("variant", ""))
        by_digest = {str(layer.digest): layer for layer in layers}
        named = (by_digest[layer["digest"]] for layer in json.loads(manifest)["layers"])
        return cls(platform, config, manifest, tuple(named))

    @property
    def id(self) -> Sha256:
        """The image's id in docker, except with the containerd store."""
        return Sha256.of(self.config)

    @property
    def digest(self) -> Sha256:
        """The image's digest in registries, and its id in docker with the containerd store."""
        return Sha256.of(self.manifest)


def index_bytes(image: Image, reference: Optional[ImageReference]) -> bytes:
    """`index.json` of a layout that holds one image.

    It has one descriptor, because skopeo refuses more than one in an `oci-archive:` without a
    reference.
    """
    descriptor = _descriptor(MANIFEST_MEDIA_TYPE, image.digest, len(image.manifest))
    descriptor["platform"] = image.platform.to_dict()
    if reference is not None:
        descriptor["annotations"] = {
            CONTAINERD_NAME: reference.canonical,
            OCI_REF_NAME: reference.tag,
        }
    return canonical_json(
        {"schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": [descriptor]}
    )


def _descriptor(media_type: str, digest: Sha256, size: int) -> Dict[str, Any]:
    return {"mediaType": media_type, "digest": str(digest), "size": size}
