"""The documents of an image: OCI's config and manifest, and the description for programs."""

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
    """What an image is made of. The user in `config` is a number. `layers` are ordered from the
    lowest: the first `base_layers` come from the images below, the first `pulled_layers` from a
    pulled one.

    `repository` and `tags` may contain `{hash}` (`lading.image.name_template`). `closure` is what
    the image has in `/store`.
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
    """`kept` are the indexes of the layers of the parts that are in the image."""

    config: bytes
    manifest: bytes
    description: ImageDescription
    kept: Tuple[int, ...]

    @classmethod
    def of(cls, parts: ImageParts) -> "ImageDocuments":
        """Raises a LadingError if the image has too many layers, or an invalid name."""
        # All layers of a pulled image are kept. A layer of our own may be empty: an image can add
        # just a config.
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
