"""The repositories that an image is published to."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.rules import Get

from lading.registry.push.destinations import check_registry, destinations
from lading.values.errors import LadingError
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.errors import about
from lading_pants.image.image_names import ImageNames, ImageNamesRequest
from lading_pants.image.image_references import ImageFieldSet


@dataclass(frozen=True)
class ImageDestinations:
    """Repositories with their registries; they still contain `{hash}`, as in `ImageNames`.

    If there are none, `skipped` says why the image is not published.
    """

    repositories: tuple[str, ...]
    skipped: str = ""


async def find_destinations(field_set: ImageFieldSet) -> ImageDestinations:
    """Raises TargetError for invalid destinations."""
    if field_set.skip_push.value:
        return ImageDestinations((), f"(by `{field_set.skip_push.alias}` on {field_set.address})")
    names = await Get(ImageNames, ImageNamesRequest(field_set))
    lading = await Get(LadingSubsystem)
    registries = field_set.registries.value
    try:
        if registries is None:
            registries = tuple(lading.default_registries)
            for registry in registries:
                check_registry(registry, "[lading].default_registries")
        found = destinations(names.repository, registries, lading.registries)
    except LadingError as error:
        raise about(field_set.subject, error) from error
    if not found:
        return ImageDestinations((), f"(no `registries` on {field_set.address})")
    return ImageDestinations(found)
