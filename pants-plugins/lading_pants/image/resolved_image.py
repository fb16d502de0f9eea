"""Everything that an image names: other targets, its base, Debian packages, a Python."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterator, Optional, Union

from pants.engine.rules import Get, rule
from pants.engine.target import WrappedTarget, WrappedTargetRequest

from lading.image.config.layer import check_layer_count
from lading.values.errors import LadingError
from lading_pants.base_image.pulled_image import PulledImage, PulledImageRequest
from lading_pants.debian.image_debian import ImageDebian, ImageDebianRequest
from lading_pants.errors import TargetError, about, in_order
from lading_pants.image.image_references import (
    ImageFieldSet,
    ImageReferences,
    ImageReferencesRequest,
)
from lading_pants.python.image_python import PlannedPython, plan_python


@dataclass(frozen=True)
class ResolvedImageRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ResolvedImage:
    """An image with all that it names: everything exists, and nothing has been built.

    `base` is another `docker_image`, or one that is pulled; None if it is unset.
    """

    field_set: ImageFieldSet
    references: ImageReferences
    base: Union[ResolvedImage, PulledImage, None]
    debian: ImageDebian
    python: Optional[PlannedPython]

    @property
    def chain(self) -> tuple[ResolvedImage, ...]:
        """The image, its base, the base of that and so on, without a pulled one."""
        return (self, *(self.base.chain if isinstance(self.base, ResolvedImage) else ()))


async def _find_chain(field_set: ImageFieldSet) -> tuple[ImageFieldSet, ...]:
    """As in `ResolvedImage`, but nothing else is resolved. Raises `TargetError` for a cycle."""
    chain = [field_set]
    while True:
        found = await Get(ImageReferences, ImageReferencesRequest(chain[-1]))
        if found.base is None:
            return tuple(chain)
        origin = f"{chain[-1].subject}: `base`"
        wrapped = await Get(
            WrappedTarget, WrappedTargetRequest(found.base, description_of_origin=origin)
        )
        if not ImageFieldSet.is_applicable(wrapped.target):
            return tuple(chain)
        chain.append(ImageFieldSet.create(wrapped.target))
        if chain[-1] in chain[:-1]:
            path = " -> ".join(str(image.address) for image in chain)
            raise TargetError(
                f"{field_set.subject}: `base` forms a cycle: {path}. Remove `base` from one of "
                "them."
            )


@rule
async def resolve_image(request: ResolvedImageRequest) -> ResolvedImage:
    field_set = request.field_set
    # First, because in a cycle the base would never be resolved.
    chain = await _find_chain(field_set)
    references = await Get(ImageReferences, ImageReferencesRequest(field_set))

    def resolved() -> Iterator[Get[Any]]:
        # Debian packages that are missing from the lock are found here.
        yield Get(ImageDebian, ImageDebianRequest(field_set))
        if chain[1:]:
            yield Get(ResolvedImage, ResolvedImageRequest(chain[1]))
        elif references.base is not None:
            yield Get(PulledImage, PulledImageRequest(references.base))

    debian, *bases = await in_order(resolved)
    base = bases[0] if bases else None
    image = ResolvedImage(field_set, references, base, debian, python=None)
    _check_layer_count(image)
    installed = [below.debian for below in image.chain]
    return replace(image, python=await plan_python(field_set, references, installed))


def _check_layer_count(image: ResolvedImage) -> None:
    """Raises `TargetError` if there are too many layers that certainly exist. Others may turn out
    to be empty, and are counted after the build."""
    base = image.chain[-1].base
    pulled = len(base.manifest.layers) if isinstance(base, PulledImage) else 0
    try:
        check_layer_count(pulled + sum(below.field_set.adds_files for below in image.chain))
    except LadingError as error:
        raise about(image.field_set.subject, error) from error
