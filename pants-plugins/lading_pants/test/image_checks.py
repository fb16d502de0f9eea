"""Turns the fields of a `docker_image_test` into checks, with store paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Union

from pants.core.goals.test import TestFieldSet
from pants.engine.addresses import Address
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import (
    InferDependenciesRequest,
    InferredDependencies,
    WrappedTarget,
    WrappedTargetRequest,
)
from pants.engine.unions import UnionRule
from pants.util.frozendict import FrozenDict

from lading.checks.absence_check import AbsenceCheck
from lading.checks.checks import Checks
from lading.checks.command_check import CommandCheck
from lading.checks.config_check import parse_config
from lading.checks.file_check import FileCheck
from lading.checks.size_check import SizeCheck
from lading.image.root.root_fields import fill_strings
from lading.values.errors import LadingError
from lading.values.field_text import field_text
from lading.values.size import parse_size
from lading_pants.engine.named_address import NamedAddress, NamedAddressRequest, TargetKind
from lading_pants.errors import TargetError, about
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.store.realise import StorePackagesRequest, StorePaths
from lading_pants.test.docker_image_test_target import (
    ALIAS,
    CommandChecksField,
    ConfigChecksField,
    EngineField,
    FileChecksField,
    ImageTestTimeoutField,
    MaxCompressedSizeField,
    MaxSizeField,
    MustNotContainField,
    StructureTestsField,
    TestedImageField,
    texts,
)
from lading_pants.test.structure_file import read_structure_tests


@dataclass(frozen=True)
class ImageTestFieldSet(TestFieldSet):
    required_fields = (TestedImageField,)

    sources: StructureTestsField
    image: TestedImageField
    commands: CommandChecksField
    files: FileChecksField
    config: ConfigChecksField
    max_size: MaxSizeField
    max_compressed_size: MaxCompressedSizeField
    must_not_contain: MustNotContainField
    engine: EngineField
    timeout: ImageTestTimeoutField

    @property
    def subject(self) -> str:
        """The beginning of error messages."""
        return f"`{ALIAS}` {self.address}"


@dataclass(frozen=True)
class _References:
    """`packages` are by the text that names them, each with the first target and field that has
    it."""

    image: Address
    packages: FrozenDict[str, tuple[Address, str]]


@dataclass(frozen=True)
class ImageChecks:
    image: ImageFieldSet
    checks: Checks


class InferImageTestDependencies(InferDependenciesRequest[ImageTestFieldSet]):
    infer_from = ImageTestFieldSet


async def _references(field_set: ImageTestFieldSet) -> _References:
    origins: dict[str, str] = {}
    for alias, text in _mentions(field_set):
        origins.setdefault(text, f"{field_set.subject}: `{alias}`")
    image = await Get(
        NamedAddress,
        NamedAddressRequest(
            field_set.image.value,
            field_set.address,
            f"{field_set.subject}: `{field_set.image.alias}`",
            TargetKind.IMAGE,
        ),
    )
    found = await MultiGet(
        Get(NamedAddress, NamedAddressRequest(text, field_set.address, origin))
        for text, origin in origins.items()
    )
    packages = {
        text: (name.address, origin) for (text, origin), name in zip(origins.items(), found)
    }
    return _References(image.address, FrozenDict(packages))


def _mentions(field_set: ImageTestFieldSet) -> Iterator[tuple[str, str]]:
    """(alias of the field, address) of the packages that the test names."""
    yield from texts(field_set.commands, field_set.files, field_set.config)
    for text in field_set.must_not_contain.value or ():
        if _is_address(text):
            yield field_set.must_not_contain.alias, text


def _is_address(text: str) -> bool:
    return "/" in text or ":" in text


@rule
async def infer_dependencies(request: InferImageTestDependencies) -> InferredDependencies:
    found = await _references(request.field_set)
    return InferredDependencies((found.image, *(address for address, _ in found.packages.values())))


async def plan_checks(field_set: ImageTestFieldSet) -> ImageChecks:
    found = await _references(field_set)
    wrapped = await Get(
        WrappedTarget, WrappedTargetRequest(found.image, description_of_origin=field_set.subject)
    )
    if not ImageFieldSet.is_applicable(wrapped.target):
        raise TargetError(
            f"{field_set.subject}: `image` refers to {found.image}, which is a "
            f"`{wrapped.target.alias}` target: name a `docker_image`."
        )
    stored = await MultiGet(
        Get(StorePaths, StorePackagesRequest((address,), origin))
        for address, origin in found.packages.values()
    )
    paths = {text: str(store.paths[0]) for text, store in zip(found.packages, stored)}
    files = await read_structure_tests(field_set.sources, field_set.subject)
    try:
        own = _checks(field_set, paths)
    except LadingError as error:
        raise about(field_set.subject, error) from error
    return ImageChecks(ImageFieldSet.create(wrapped.target), Checks.together((own, files)))


def _checks(field_set: ImageTestFieldSet, paths: dict[str, str]) -> Checks:
    def filled(text: str) -> str:
        return field_text(text, paths.__getitem__)

    return Checks(
        commands=tuple(
            CommandCheck.parse(fill_strings(command, filled))
            for command in field_set.commands.value or ()
        ),
        files=tuple(
            FileCheck.parse(filled(path), fill_strings(expected, filled))
            for path, expected in sorted((field_set.files.value or {}).items())
        ),
        config=parse_config(fill_strings(field_set.config.value or {}, filled)),
        absent=tuple(
            AbsenceCheck(text, paths.get(text, ""))
            for text in field_set.must_not_contain.value or ()
        ),
        unpacked=_size_checks(field_set.max_size),
        compressed=_size_checks(field_set.max_compressed_size),
    )


def _size_checks(field: Union[MaxSizeField, MaxCompressedSizeField]) -> tuple[SizeCheck, ...]:
    return (SizeCheck(field.alias, parse_size(field.alias, field.value)),) if field.value else ()


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), UnionRule(InferDependenciesRequest, InferImageTestDependencies)]
