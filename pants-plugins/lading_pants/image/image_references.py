"""The store packages that an image names, and the fields that name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Mapping, Optional

from pants.core.goals.package import OutputPathField, PackageFieldSet
from pants.engine.addresses import Address
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.target import Field, InferDependenciesRequest, InferredDependencies
from pants.engine.unions import UnionRule
from pants.util.frozendict import FrozenDict

from lading.image.layers.layering import SINGLE, room_for_packages
from lading.image.name_template import Placeholder, placeholders
from lading.image.root.file_trees import is_tree
from lading.image.root.root_fields import strings
from lading.python.image_python import MOST_WHEEL_LAYERS
from lading.values.interpolation import references
from lading_pants.debian.image_debian_fields import (
    DebianDocumentationField,
    ImageAlternativesField,
    ImageDebianLockField,
    ImageDebianPackagesField,
)
from lading_pants.engine.named_address import NamedAddress, NamedAddressRequest, TargetKind
from lading_pants.errors import in_order
from lading_pants.image.fields.docker_image import (
    BaseField,
    CmdField,
    ContentsField,
    EntrypointField,
    ExposedPortsField,
    HealthcheckField,
    ImageEnvField,
    ImageTagsField,
    LabelsField,
    RepositoryField,
    RunAsRootField,
    RunAsRootTimeoutField,
    RunAsRootToolsField,
    RuntimeMountsField,
    StopSignalField,
    UserField,
    VolumesField,
    WorkingDirField,
)
from lading_pants.image.fields.image_layering import LayeringField, MaxLayersField
from lading_pants.image.fields.image_root import (
    DirectoriesField,
    FilesField,
    GroupsField,
    RootField,
    SymlinksField,
    UsersField,
)
from lading_pants.publish.publish_fields import RegistriesField, SkipPushField
from lading_pants.python.image_python_fields import PexField, PythonField


@dataclass(frozen=True)
class ImageFieldSet(PackageFieldSet):
    required_fields = (ContentsField, RepositoryField, ImageTagsField)

    base: BaseField
    contents: ContentsField
    debian_lock: ImageDebianLockField
    debian_packages: ImageDebianPackagesField
    alternatives: ImageAlternativesField
    debian_documentation: DebianDocumentationField
    pex: PexField
    python: PythonField
    users: UsersField
    groups: GroupsField
    directories: DirectoriesField
    symlinks: SymlinksField
    files: FilesField
    run_as_root: RunAsRootField
    run_as_root_tools: RunAsRootToolsField
    run_as_root_timeout: RunAsRootTimeoutField
    layering: LayeringField
    max_layers: MaxLayersField
    entrypoint: EntrypointField
    cmd: CmdField
    env: ImageEnvField
    exposed_ports: ExposedPortsField
    working_dir: WorkingDirField
    volumes: VolumesField
    user: UserField
    labels: LabelsField
    stop_signal: StopSignalField
    healthcheck: HealthcheckField
    runtime_mounts: RuntimeMountsField
    repository: RepositoryField
    image_tags: ImageTagsField
    registries: RegistriesField
    skip_push: SkipPushField
    output_path: OutputPathField

    @property
    def subject(self) -> str:
        """The beginning of error messages."""
        return f"`docker_image` {self.address}"

    @property
    def root_fields(self) -> tuple[RootField, ...]:
        return (self.users, self.groups, self.directories, self.symlinks, self.files)

    @property
    def layer_count(self) -> int:
        """The most layers of the image itself, without those of `package_layer_count`. Layers that
        turn out empty are left out."""
        has_sources = self.pex.value or any(map(is_tree, self.files.value or ()))
        wheels = MOST_WHEEL_LAYERS if self.pex.value else 0
        optional = (self.debian_packages.value, self.run_as_root.value, has_sources)
        return 1 + sum(map(bool, optional)) + wheels

    @property
    def adds_files(self) -> bool:
        """Whether it certainly adds files, rather than just another config for its base."""
        added = (self.contents, self.debian_packages, self.pex, *self.root_fields)
        return any(field.value for field in added)

    def package_layer_count(self, base_layers: int) -> int:
        """How many layers of store packages the image may have; 0 if they are in the layer with
        everything else."""
        if self.layering.value == SINGLE or self.max_layers.value is None:
            return 0
        return room_for_packages(self.max_layers.value, base_layers + self.layer_count)

    @property
    def python_package(self) -> Optional[str]:
        """The address in `python`, as it is written."""
        value = self.python.value
        return value if value and (value.startswith("//") or not value.startswith("/")) else None

    def file_sources(self) -> tuple[str, ...]:
        """The addresses of the targets in `files`, as they are written."""
        values = (self.files.value or {}).values()
        return tuple(
            dict.fromkeys(
                value["source"]
                for value in values
                if not isinstance(value, str) and "source" in value
            )
        )

    def named(self) -> Iterator[tuple[str, str]]:
        """(field's alias, text) of the texts that names are made from."""
        if self.repository.value:
            yield self.repository.alias, self.repository.value
        for tag in self.image_tags.value or ():
            yield self.image_tags.alias, tag

    def versions(self) -> dict[str, str]:
        """The alias of the field in which a package's version occurs first, by its address."""
        found: dict[str, str] = {}
        for alias, text in self.named():
            for kind, name in placeholders(alias, text):
                if kind is Placeholder.VERSION:
                    found.setdefault(name, alias)
        return found

    def interpolated(self) -> Iterator[tuple[str, str]]:
        """(field's alias, text) of each string that may contain `{//...}`."""
        for field in (self.entrypoint, self.cmd):
            for word in field.value or ():
                yield field.alias, word
        for mapping in (self.env, self.labels):
            for _, text in sorted((mapping.value or {}).items()):
                yield mapping.alias, text
        if self.working_dir.value:
            yield self.working_dir.alias, self.working_dir.value
        if self.healthcheck.value:
            for word in self.healthcheck.value["test"]:
                yield self.healthcheck.alias, word
        for root_field in self.root_fields:
            for text in strings(root_field.value):
                yield root_field.alias, text


@dataclass(frozen=True)
class ImageReferencesRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageReferences:
    """The targets that an image names. Mappings from text have addresses as they are written, such
    as `//3rdparty/redis`.

    Neither `tools` nor `commands` put packages into the image.
    """

    #: In their order.
    contents: tuple[Address, ...]
    interpolated: FrozenDict[str, Address]
    #: The targets in `files`.
    sources: FrozenDict[str, Address]
    #: Another image.
    base: Optional[Address]
    #: A `pex_binary`.
    pex: Optional[Address]
    #: The package that runs `pex`.
    python: Optional[Address]
    #: Packages whose versions are in the image's names.
    versions: FrozenDict[str, Address]
    #: Those of `run_as_root`, in their order.
    tools: tuple[Address, ...]
    #: The packages that the text of `run_as_root` names.
    commands: FrozenDict[str, Address]
    #: The target and field that name a package first, for errors.
    origins: FrozenDict[Address, str]
    #: The same for `tools` and `commands`.
    tool_origins: FrozenDict[Address, str]


class InferImageDependencies(InferDependenciesRequest[ImageFieldSet]):
    infer_from = ImageFieldSet


@rule
async def find_image_references(request: ImageReferencesRequest) -> ImageReferences:
    field_set = request.field_set
    mentions = _mentions(field_set)
    requests = [
        NamedAddressRequest(
            text, field_set.address, f"{field_set.subject}: `{alias}`", mentioned.kind
        )
        for mentioned in mentions.values()
        for text, alias in mentioned.aliases.items()
    ]
    found = await in_order(
        lambda: (Get(NamedAddress, NamedAddressRequest, request) for request in requests)
    )
    addresses = iter([name.address for name in found])
    by_text = {
        part: {text: next(addresses) for text in mentioned.aliases}
        for part, mentioned in mentions.items()
    }

    def origins(*parts: str) -> FrozenDict[Address, str]:
        named: dict[Address, str] = {}
        for part in parts:
            for text, alias in mentions[part].aliases.items():
                named.setdefault(by_text[part][text], f"{field_set.subject}: `{alias}`")
        return FrozenDict(named)

    return ImageReferences(
        contents=tuple(by_text["contents"].values()),
        interpolated=FrozenDict(by_text["interpolated"]),
        sources=FrozenDict(by_text["sources"]),
        base=next(iter(by_text["base"].values()), None),
        pex=next(iter(by_text["pex"].values()), None),
        python=next(iter(by_text["python"].values()), None),
        versions=FrozenDict(by_text["versions"]),
        tools=tuple(by_text["tools"].values()),
        commands=FrozenDict(by_text["commands"]),
        origins=origins("contents", "interpolated", "python"),
        tool_origins=origins("tools", "commands"),
    )


@dataclass(frozen=True)
class _Mentions:
    """Texts that name things of one kind, each with the alias of the first field it is in."""

    kind: TargetKind
    aliases: Mapping[str, str]


def _mentions(field_set: ImageFieldSet) -> Mapping[str, _Mentions]:
    """By the field of `ImageReferences` that their addresses go into."""
    commands = field_set.run_as_root

    def all_of(field: Field, texts: Iterable[str]) -> Mapping[str, str]:
        return dict.fromkeys(texts, field.alias)

    base, pex, python = field_set.base.value, field_set.pex.value, field_set.python_package
    contents = all_of(field_set.contents, field_set.contents.value or ())
    tools = all_of(field_set.run_as_root_tools, field_set.run_as_root_tools.value or ())
    return {
        "contents": _Mentions(TargetKind.PACKAGE, contents),
        "interpolated": _Mentions(TargetKind.PACKAGE, _first_fields(field_set)),
        "tools": _Mentions(TargetKind.PACKAGE, tools),
        "commands": _Mentions(
            TargetKind.PACKAGE, all_of(commands, references(commands.value or ""))
        ),
        "sources": _Mentions(TargetKind.TARGET, all_of(field_set.files, field_set.file_sources())),
        "versions": _Mentions(TargetKind.PACKAGE, field_set.versions()),
        "base": _Mentions(TargetKind.IMAGE, all_of(field_set.base, (base,) if base else ())),
        "pex": _Mentions(TargetKind.TARGET, all_of(field_set.pex, (pex,) if pex else ())),
        "python": _Mentions(
            TargetKind.PACKAGE, all_of(field_set.python, (python,) if python else ())
        ),
    }


def _first_fields(field_set: ImageFieldSet) -> Mapping[str, str]:
    """The alias of the first field in which an interpolated address occurs, by its text."""
    fields: dict[str, str] = {}
    for alias, text in field_set.interpolated():
        for reference in references(text):
            fields.setdefault(reference, alias)
    return fields


@rule
async def infer_image_dependencies(request: InferImageDependencies) -> InferredDependencies:
    found = await Get(ImageReferences, ImageReferencesRequest(request.field_set))
    single = (address for address in (found.base, found.pex) if address is not None)
    return InferredDependencies(
        (
            *found.origins,
            *found.tool_origins,
            *found.sources.values(),
            *found.versions.values(),
            *single,
        )
    )


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), UnionRule(InferDependenciesRequest, InferImageDependencies)]
