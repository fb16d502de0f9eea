"""The documents of an image: what OCI calls config and manifest, and what tells programs of it."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Sequence, Tuple

from lading.image.archive import archive_size
from lading.image.config.config import ImageConfig
from lading.image.config.layer import Layer, check_layer_count
from lading.image.manifest import Image
from lading.image.name_template import fill_hash
from lading.image.reference import ImageReference
from lading.values.path import StorePath


@dataclass(frozen=True)
class ClosureMember:
    """A package in an image. `size` is the sum of its files' bytes."""

    path: StorePath
    size: int


@dataclass(frozen=True)
class ImageParts:
    """What an image is made of. The user in `config` is a number; `layers` are the lowest first,
    the first `base_layers` of them of images below, the first `pulled_layers` of a pulled one.

    `repository` and `tags` may have `{hash}` in them (`lading.image.name_template`). `closure` is
    what lies in `/store` of the image; `debian` is what is told of Debian packages in it, see
    `lading.debian.report`.
    """

    config: ImageConfig
    repository: str
    tags: Tuple[str, ...]
    layers: Tuple[Layer, ...]
    pulled_layers: int
    base_layers: int
    closure: Tuple[ClosureMember, ...]
    debian: Sequence[Dict[str, Any]] = ()


@dataclass(frozen=True)
class ImageDocuments:
    """`metadata` is the JSON of `image_metadata`; `kept` are the numbers, from 0, of those layers
    of the parts that are in the image."""

    config: bytes
    manifest: bytes
    metadata: str
    kept: Tuple[int, ...]

    @classmethod
    def of(cls, parts: ImageParts) -> "ImageDocuments":
        """LadingError if the image has too many layers, or a name that can't be one."""
        # A pulled image is kept as it is. Ours may add nothing but a config to what is below.
        kept = tuple(
            number
            for number, layer in enumerate(parts.layers)
            if number < parts.pulled_layers or not layer.is_empty
        )
        check_layer_count(len(kept))
        layers = [parts.layers[number] for number in kept]
        image = Image.build(parts.config.platform, parts.config.to_bytes(layers), layers)
        repository = fill_hash(parts.repository, image.digest)
        tags = [fill_hash(tag, image.digest) for tag in parts.tags]
        references = [ImageReference.parse(repository, tag) for tag in tags]
        base_layers = sum(number < parts.base_layers for number in kept)
        fields = image_metadata(image, repository, references, base_layers, parts.closure)
        fields["debian"] = sorted(parts.debian, key=lambda package: str(package["name"]))
        metadata = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
        return cls(image.config, image.manifest, metadata, kept)


def image_metadata(
    image: Image,
    repository: str,
    references: Sequence[ImageReference],
    base_layers: int,
    closure: Sequence[ClosureMember],
) -> Dict[str, Any]:
    """What programs are told of an image; sizes in bytes, layers lowest first, of which the first
    `base_layers` are the base's.

    `id` is the image's id in docker, `digest` its name in registries and its id in docker with
    the containerd store (rules_img#76).
    """
    return {
        "image": {"id": str(image.id), "digest": str(image.digest)},
        "platform": str(image.platform),
        "repository": repository,
        "tags": [reference.name for reference in references],
        "archive": {"size": archive_size(image, references)},
        "base_layers": base_layers,
        "layers": [
            {
                "digest": str(layer.digest),
                "diff_id": str(layer.diff_id),
                "size": layer.size,
                "media_type": layer.media_type,
            }
            for layer in image.layers
        ],
        "closure": [
            {"path": str(member.path), "name": member.path.name, "size": member.size}
            for member in sorted(closure, key=lambda member: member.path)
        ],
    }
