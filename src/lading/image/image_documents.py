"""The documents of an image: what OCI calls config and manifest, and what tells programs of it."""

from dataclasses import dataclass
from typing import Tuple

from lading.image.config.config import ImageConfig
from lading.image.config.layer import Layer, check_layer_count
from lading.image.image_description import (
    DescribedDebian,
    DescribedPackage,
    ImageDescription,
    describe_image,
)
from lading.image.manifest import Image
from lading.image.name_template import fill_hash
from lading.image.reference import ImageReference


@dataclass(frozen=True)
class ImageParts:
    """What an image is made of. The user in `config` is a number; `layers` are the lowest first,
    the first `base_layers` of them of images below, the first `pulled_layers` of a pulled one.

    `repository` and `tags` may have `{hash}` in them (`lading.image.name_template`). `closure` is
    what lies in `/store` of the image.
    """

    config: ImageConfig
    repository: str
    tags: Tuple[str, ...]
    layers: Tuple[Layer, ...]
    pulled_layers: int
    base_layers: int
    closure: Tuple[DescribedPackage, ...]
    debian: Tuple[DescribedDebian, ...] = ()


@dataclass(frozen=True)
class ImageDocuments:
    """`kept` are the numbers, from 0, of those layers
    of the parts that are in the image."""

    config: bytes
    manifest: bytes
    description: ImageDescription
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
        description = describe_image(
            image, repository, references, base_layers, parts.closure, parts.debian
        )
        return cls(image.config, image.manifest, description, kept)
