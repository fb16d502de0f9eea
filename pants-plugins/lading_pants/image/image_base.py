"""The images below an image, each on top of the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from pants.engine.rules import Get, rule
from pants.engine.target import WrappedTarget, WrappedTargetRequest

from lading.image.config.layer import check_layer_count
from lading.values.errors import LadingError
from lading_pants.base_image.pulled_image import PulledImage, PulledImageRequest
from lading_pants.errors import TargetError, about
from lading_pants.image.image_references import (
    ImageFieldSet,
    ImageReferences,
    ImageReferencesRequest,
)


@dataclass(frozen=True)
class ImageBaseRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageBase:
    """The image that `base` names: another `docker_image`, or one that is pulled; neither if it is
    unset."""

    field_set: Optional[ImageFieldSet] = None
    pulled: Optional[PulledImage] = None


@dataclass(frozen=True)
class ImageChainRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageChain:
    """The image, its base, the base of that and so on, without a pulled one. The chain ends, and
    does not have too many layers, as far as can be determined before the build."""

    field_sets: tuple[ImageFieldSet, ...]


@rule
async def find_base(request: ImageBaseRequest) -> ImageBase:
    field_set = request.field_set
    found = await Get(ImageReferences, ImageReferencesRequest(field_set))
    if found.base is None:
        return ImageBase()
    wrapped = await Get(
        WrappedTarget,
        WrappedTargetRequest(found.base, description_of_origin=f"{field_set.subject}: `base`"),
    )
    if ImageFieldSet.is_applicable(wrapped.target):
        return ImageBase(field_set=ImageFieldSet.create(wrapped.target))
    return ImageBase(pulled=await Get(PulledImage, PulledImageRequest(found.base)))


@rule
async def find_chain(request: ImageChainRequest) -> ImageChain:
    chain = [request.field_set]
    while True:
        base = await Get(ImageBase, ImageBaseRequest(chain[-1]))
        if base.field_set is None:
            pulled_layers = len(base.pulled.manifest.layers) if base.pulled else 0
            break
        chain.append(base.field_set)
        if base.field_set in chain[:-1]:
            path = " -> ".join(str(field_set.address) for field_set in chain)
            raise TargetError(
                f"{request.field_set.subject}: `base` forms a cycle: {path}. Remove `base` from "
                "one of them."
            )
    try:
        # Only layers that certainly exist; others may turn out to be empty, and are counted after
        # the build.
        own_layers = sum(below.adds_files for below in chain)
        check_layer_count(pulled_layers + own_layers)
    except LadingError as error:
        raise about(request.field_set.subject, error) from error
    return ImageChain(tuple(chain))
