"""The names of an image."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.rules import Get, MultiGet, rule

from lading.image.name_template import Placeholder, fill, placeholders, sample
from lading.image.reference import Repository, parse_tag
from lading.values.errors import LadingError
from lading_pants.errors import TargetError, about
from lading_pants.image.image_references import (
    ImageFieldSet,
    ImageReferences,
    ImageReferencesRequest,
)
from lading_pants.store.realise import StorePackagesRequest, StorePaths


@dataclass(frozen=True)
class ImageNamesRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageNames:
    """They still contain `{hash}`, see `lading.image.name_template`."""

    repository: str
    tags: tuple[str, ...]


@rule
async def find_names(request: ImageNamesRequest) -> ImageNames:
    field_set = request.field_set
    found = await Get(ImageReferences, ImageReferencesRequest(field_set))
    aliases = field_set.versions()
    known = await MultiGet(
        Get(StorePaths, StorePackagesRequest((address,), f"{field_set.subject}: `{aliases[text]}`"))
        for text, address in found.versions.items()
    )
    versions = {text: package.versions[0] for text, package in zip(found.versions, known)}
    variables = {
        name: alias
        for alias, text in field_set.named()
        for kind, name in placeholders(alias, text)
        if kind is Placeholder.ENVIRONMENT
    }
    environment = await Get(EnvironmentVars, EnvironmentVarsRequest(tuple(variables)))
    for name, alias in variables.items():
        if name not in environment:
            raise TargetError(
                f"{field_set.subject}: `{alias}` has {{env:{name}}}, but the environment variable "
                f"{name} is not set. Set it, as in `{name}=1 ./pants ...`."
            )

    def value_of(kind: Placeholder, name: str) -> str:
        if kind is Placeholder.HASH:
            return "{hash}"
        return versions[name] if kind is Placeholder.VERSION else environment[name]

    repository = field_set.repository.value or field_set.address.target_name
    names = ImageNames(
        fill(field_set.repository.alias, repository, value_of),
        tuple(
            fill(field_set.image_tags.alias, tag, value_of)
            for tag in field_set.image_tags.value or ()
        ),
    )
    try:
        Repository.parse(sample(field_set.repository.alias, names.repository))
        for tag in names.tags:
            parse_tag(sample(field_set.image_tags.alias, tag))
    except LadingError as error:
        raise about(field_set.subject, error) from error
    return names
