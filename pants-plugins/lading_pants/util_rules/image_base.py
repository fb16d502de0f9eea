"""The images that an image is put on, one on top of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from pants.engine.rules import Get, collect_rules, rule
from pants.engine.target import WrappedTarget, WrappedTargetRequest

from lading.errors import LadingError
from lading.image.layer import check_layer_count
from lading_pants.errors import TargetError, about
from lading_pants.util_rules.image_references import (
    ImageFieldSet,
    ImageReferences,
    ImageReferencesRequest,
)


@dataclass(frozen=True)
class ImageBaseRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageBase:
    """The image that `base` names; None if it is unset."""

    field_set: Optional[ImageFieldSet]


@dataclass(frozen=True)
class ImageChainRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageChain:
    """The image, its base, the base of that and so on; they end, and are not too many."""

    field_sets: tuple[ImageFieldSet, ...]


@rule
async def find_base(request: ImageBaseRequest) -> ImageBase:
    field_set = request.field_set
    found = await Get(ImageReferences, ImageReferencesRequest(field_set))
    if found.base is None:
        return ImageBase(None)
    wrapped = await Get(
        WrappedTarget,
        WrappedTargetRequest(found.base, description_of_origin=f"{field_set.subject}: `base`"),
    )
    return ImageBase(ImageFieldSet.create(wrapped.target))


@rule
async def find_chain(request: ImageChainRequest) -> ImageChain:
    chain = [request.field_set]
    while True:
        base = await Get(ImageBase, ImageBaseRequest(chain[-1]))
        if base.field_set is None:
            break
        chain.append(base.field_set)
        if base.field_set in chain[:-1]:
            path = " -> ".join(str(field_set.address) for field_set in chain)
            raise TargetError(
                f"{request.field_set.subject}: `base` goes in a circle: {path}. Leave one of them "
                "without `base`."
            )
    try:
        check_layer_count(sum(2 if below.run_as_root.value else 1 for below in chain))
    except LadingError as error:
        raise about(request.field_set.subject, error) from error
    return ImageChain(tuple(chain))


def rules():
    return collect_rules()
