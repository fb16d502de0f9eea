"""An image before anything is built: its config and its root, with store paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Collection, Mapping, Optional, Union

from pants.engine.addresses import Address
from pants.engine.rules import Get, rule
from pants.util.frozendict import FrozenDict

from lading.image.config.base_config import BaseConfig
from lading.image.config.config import ImageConfig
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.inherit import inherit
from lading.image.config.platform import Platform
from lading.image.root.root_fields import fill_strings
from lading.values.errors import LadingError
from lading.values.field_text import field_text
from lading.values.path import StorePath
from lading_pants.base_image.pulled_image import PulledImage
from lading_pants.engine.platform import BuildPlatform
from lading_pants.errors import TargetError, about, in_order
from lading_pants.image.image_references import ImageFieldSet, ImageReferences
from lading_pants.image.resolved_image import ResolvedImage, ResolvedImageRequest
from lading_pants.image.run_as_root import Commands
from lading_pants.store.realise import StorePackagesRequest, StorePaths


@dataclass(frozen=True)
class ImagePlanRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImagePlan:
    """An image before anything is built; every mistake in its fields has been found.

    All fields but `config` are without the image's `base`.
    """

    image: ResolvedImage
    #: Includes inherited values.
    config: ImageConfig
    #: The paths shown at `/`, in order.
    contents: tuple[StorePath, ...]
    #: The argument of `RootFields.parse`, with the sources of `files` still as addresses.
    fields: FrozenDict[str, Any]
    commands: Optional[Commands]


async def _config_below(base: Union[ResolvedImage, PulledImage]) -> ImageConfig:
    if isinstance(base, ResolvedImage):
        plan = await Get(ImagePlan, ImagePlanRequest(base.field_set))
        return plan.config
    try:
        return ImageConfig(base.platform, base=BaseConfig(base.config))
    except LadingError as error:
        raise about(base.subject, error) from error


@rule
async def plan_image(request: ImagePlanRequest, platform: BuildPlatform) -> ImagePlan:
    field_set = request.field_set
    image = await Get(ResolvedImage, ResolvedImageRequest(field_set))
    found = image.references
    origins = {**found.tool_origins, **found.origins}
    stored = await in_order(
        lambda: (
            Get(StorePaths, StorePackagesRequest((address,), origin))
            for address, origin in origins.items()
        )
    )
    paths = {address: store.paths[0] for address, store in zip(origins, stored)}
    named = {**found.interpolated, **found.commands}
    by_text = {text: str(paths[address]) for text, address in named.items()}
    try:
        config = _config(field_set, by_text, platform.oci)
        if image.python is not None and config.entrypoint is None:
            config = replace(config, entrypoint=image.python.entrypoint)
        fields = _root_fields(field_set, by_text)
    except LadingError as error:
        raise about(field_set.subject, error) from error
    if image.base is not None:
        below = await _config_below(image.base)
        _check_platform(field_set, below.platform, config.platform, origins)
        config = inherit(below, config)
    return ImagePlan(
        image=image,
        config=config,
        contents=tuple(paths[address] for address in found.contents),
        fields=fields,
        commands=_commands(field_set, found, by_text),
    )


def _check_platform(
    field_set: ImageFieldSet, base: Platform, own: Platform, packages: Collection[Address]
) -> None:
    """Store packages, and commands that run here, only fit this machine's architecture."""
    if (base.os, base.architecture) == (own.os, own.architecture):
        return
    if packages or field_set.run_as_root.value:
        what = next(iter(packages), None) or "`run_as_root`"
        raise TargetError(
            f"{field_set.subject}: `base` is {field_set.base.value!r}, an image for {base}, but "
            f"{what} is built and run for {own}. Use a base whose `platform` is {own}, or remove "
            f"{what}."
        )


def _commands(
    field_set: ImageFieldSet, found: ImageReferences, paths: dict[str, str]
) -> Optional[Commands]:
    text = field_set.run_as_root.value
    if not text:
        return None
    packages = tuple(dict.fromkeys(found.commands.values()))
    timeout = field_set.run_as_root_timeout.value
    return Commands(field_text(text, paths.__getitem__), found.tools, packages, timeout)


def _config(field_set: ImageFieldSet, paths: dict[str, str], platform: str) -> ImageConfig:
    def filled(text: str) -> str:
        return field_text(text, paths.__getitem__)

    return ImageConfig(
        platform=Platform.parse(platform),
        entrypoint=_filled_words(field_set.entrypoint.value, filled),
        cmd=_filled_words(field_set.cmd.value, filled),
        env=_filled_pairs(field_set.env.value, filled),
        exposed_ports=field_set.exposed_ports.value or (),
        working_dir=filled(field_set.working_dir.value or ""),
        volumes=field_set.volumes.value or (),
        user=field_set.user.value or "",
        labels=_filled_pairs(field_set.labels.value, filled),
        stop_signal=field_set.stop_signal.value or "",
        healthcheck=_healthcheck(field_set, filled),
    )


def _root_fields(field_set: ImageFieldSet, paths: dict[str, str]) -> FrozenDict[str, Any]:
    fields = {field.alias: field.value for field in field_set.root_fields if field.value}
    filled = fill_strings(fields, lambda text: field_text(text, paths.__getitem__))
    return FrozenDict.deep_freeze(filled)


def _healthcheck(field_set: ImageFieldSet, filled: Callable[[str], str]) -> Optional[Healthcheck]:
    fields = field_set.healthcheck.value
    if fields is None:
        return None
    return Healthcheck.parse({**fields, "test": [filled(word) for word in fields["test"]]})


def _filled_words(
    words: Optional[tuple[str, ...]], filled: Callable[[str], str]
) -> Optional[tuple[str, ...]]:
    return None if words is None else tuple(filled(word) for word in words)


def _filled_pairs(
    mapping: Optional[Mapping[str, str]], filled: Callable[[str], str]
) -> tuple[tuple[str, str], ...]:
    # Sorted, since Pants considers dictionaries with different orders equal.
    return tuple((name, filled(text)) for name, text in sorted((mapping or {}).items()))
