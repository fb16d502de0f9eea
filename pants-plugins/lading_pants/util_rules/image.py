"""From an image's fields to its archive: config, closure, layer, archive."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping, Optional

from pants.engine.addresses import Address
from pants.engine.fs import (
    AddPrefix,
    CreateDigest,
    Digest,
    DigestContents,
    DigestSubset,
    FileContent,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.errors import LadingError
from lading.image.archive_request import ArchiveRequest, LayerFiles
from lading.image.archive_request import ClosureMember as ArchivedMember
from lading.image.config import ImageConfig
from lading.image.healthcheck import Healthcheck
from lading.image.layer_request import LayerPackage, LayerRequest
from lading.image.platform import Platform
from lading.image.root_fields import fill_strings
from lading.interpolation import substitute
from lading.store.path import StorePath
from lading_pants.errors import about
from lading_pants.util_rules.compressor import LIBRARY, Compressor
from lading_pants.util_rules.image_files import ImageFiles, ImageFilesRequest
from lading_pants.util_rules.image_references import (
    ImageFieldSet,
    ImageReferences,
    ImageReferencesRequest,
)
from lading_pants.util_rules.platform import BuildPlatform
from lading_pants.util_rules.program import ProgramRequest, ProgramResult
from lading_pants.util_rules.realise import (
    MEMBERS_FILE,
    SEGMENT_FILE,
    ClosureMember,
    StoreClosure,
    StoreClosureRequest,
    StorePaths,
    StorePathsRequest,
)
from lading_pants.util_rules.run_as_root import DESCRIPTION_FILE as RUN_DESCRIPTION
from lading_pants.util_rules.run_as_root import LAYER_FILE as RUN_LAYER
from lading_pants.util_rules.run_as_root import TREE_FILE as RUN_TREE
from lading_pants.util_rules.run_as_root import Commands, RunAsRootLayer, RunAsRootLayerRequest

#: The files of a built image.
ARCHIVE_FILE, METADATA_FILE = "image.tar", "image.json"

_COMPRESSED_FILE = "segment.tar.gz"
_LAYER_FILES = ("layer.tar.gz", "layer.json", "tree.json")
_LAYER_FILE, _LAYER_DESCRIPTION, _TREE_FILE = _LAYER_FILES
_REQUEST_FILE = "request.json"
_COMPRESSOR_DIRECTORY = "compressor"
_COMPRESSOR = f"{_COMPRESSOR_DIRECTORY}/{LIBRARY}"


@dataclass(frozen=True)
class ImagePlanRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImagePlan:
    """An image before anything is built: every mistake in its fields has been found.

    `packages` are the store packages that it names, `contents` the paths shown at `/`, in order;
    `fields` is what `RootFields.parse` takes, with `file_sources` still as addresses by text.
    """

    config: ImageConfig
    contents: tuple[StorePath, ...]
    packages: tuple[Address, ...]
    fields: FrozenDict[str, Any]
    file_sources: FrozenDict[str, Address]
    commands: Optional[Commands]


@dataclass(frozen=True)
class BuiltImageRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class BuiltImage:
    """`digest` holds `ARCHIVE_FILE` and `METADATA_FILE`.

    `image_digest` is the manifest's, as `sha256:<hex>`; `archive_size` is in bytes.
    """

    digest: Digest
    image_digest: str
    archive_size: int
    tags: tuple[str, ...]


@dataclass(frozen=True)
class LayerPartRequest:
    """A package as part of a layer. It is compressed once, whatever number of layers it is in."""

    member: ClosureMember


@dataclass(frozen=True)
class LayerPart:
    """`digest` holds the segment, plain and compressed, and the list of members, each in a
    directory of the package's own."""

    digest: Digest


@dataclass(frozen=True)
class ImageLayerRequest:
    """One layer with the root tree and all of `members`.

    `fields` is what `RootFields.parse` takes; the sources of its files are in `files`.
    """

    members: tuple[ClosureMember, ...]
    contents: tuple[StorePath, ...]
    fields: FrozenDict[str, Any]
    files: Digest
    subject: str


@dataclass(frozen=True)
class ImageLayer:
    """`digest` holds the blob, `layer.tar.gz`, its description, `layer.json`, and `tree.json`,
    the tree of the image so far."""

    digest: Digest


@dataclass(frozen=True)
class _BuiltLayersRequest:
    """`layer` is the image's own layer as it is without commands."""

    plan: ImagePlan
    layer: ImageLayerRequest
    address: Address


@dataclass(frozen=True)
class _BuiltLayers:
    """`digest` holds the files of `layers`, lowest first, and the image's `tree`; `members` are
    the packages in them."""

    digest: Digest
    layers: tuple[LayerFiles, ...]
    tree: str
    members: tuple[ClosureMember, ...]


@rule
async def plan_image(request: ImagePlanRequest, platform: BuildPlatform) -> ImagePlan:
    field_set = request.field_set
    found = await Get(ImageReferences, ImageReferencesRequest(field_set))
    origins = {**found.tool_origins, **found.origins}
    stored = await MultiGet(
        Get(StorePaths, StorePathsRequest((address,), origin))
        for address, origin in origins.items()
    )
    paths = {address: store.paths[0] for address, store in zip(origins, stored)}
    named = {**found.interpolated, **found.commands}
    by_text = {text: str(paths[address]) for text, address in named.items()}
    try:
        config = _config(field_set, by_text, platform.oci)
        fields = _root_fields(field_set, by_text)
    except LadingError as error:
        raise about(field_set.subject, error) from error
    return ImagePlan(
        config=config,
        contents=tuple(paths[address] for address in found.contents),
        packages=tuple(found.origins),
        fields=fields,
        file_sources=found.sources,
        commands=_commands(field_set, found, by_text),
    )


def _commands(
    field_set: ImageFieldSet, found: ImageReferences, paths: dict[str, str]
) -> Optional[Commands]:
    text = field_set.run_as_root.value
    if not text:
        return None
    packages = tuple(dict.fromkeys(found.commands.values()))
    return Commands(substitute(text, paths.__getitem__), found.tools, packages)


def _config(field_set: ImageFieldSet, paths: dict[str, str], platform: str) -> ImageConfig:
    def filled(text: str) -> str:
        return substitute(text, paths.__getitem__)

    return ImageConfig(
        platform=Platform.parse(platform),
        entrypoint=tuple(filled(word) for word in field_set.entrypoint.value or ()),
        cmd=tuple(filled(word) for word in field_set.cmd.value or ()),
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
    filled = fill_strings(fields, lambda text: substitute(text, paths.__getitem__))
    return FrozenDict.deep_freeze(filled)


def _healthcheck(field_set: ImageFieldSet, filled: Callable[[str], str]) -> Optional[Healthcheck]:
    fields = field_set.healthcheck.value
    if fields is None:
        return None
    return Healthcheck.parse({**fields, "test": [filled(word) for word in fields["test"]]})


def _filled_pairs(
    mapping: Optional[Mapping[str, str]], filled: Callable[[str], str]
) -> tuple[tuple[str, str], ...]:
    # Sorted, since Pants takes dictionaries with another order for equal.
    return tuple((name, filled(text)) for name, text in sorted((mapping or {}).items()))


@rule
async def build_image(request: BuiltImageRequest) -> BuiltImage:
    field_set = request.field_set
    plan = await Get(ImagePlan, ImagePlanRequest(field_set))
    closure = await Get(StoreClosure, StoreClosureRequest(plan.packages, field_set.subject))
    files = await Get(
        ImageFiles,
        ImageFilesRequest(
            plan.fields.get("files", FrozenDict()),
            plan.file_sources,
            f"{field_set.subject}: `files`",
        ),
    )
    layer_request = ImageLayerRequest(
        members=closure.members,
        contents=plan.contents,
        fields=FrozenDict({**plan.fields, "files": files.files}),
        files=files.digest,
        subject=field_set.subject,
    )
    built = await Get(_BuiltLayers, _BuiltLayersRequest(plan, layer_request, field_set.address))
    archive = ArchiveRequest(
        config=plan.config,
        repository=field_set.repository.value or field_set.address.target_name,
        tags=field_set.image_tags.value or (),
        layers=built.layers,
        tree=built.tree,
        closure=tuple(
            ArchivedMember(member.package.path, member.package.unpacked_size)
            for member in built.members
        ),
    )
    request_file = await Get(Digest, CreateDigest([_request_file(archive.to_json())]))
    inputs = await Get(Digest, MergeDigests((request_file, built.digest)))
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.archive_main",
            arguments=(_REQUEST_FILE, ARCHIVE_FILE, METADATA_FILE),
            inputs=inputs,
            output_files=(ARCHIVE_FILE, METADATA_FILE),
            description=f"Writing the archive of {field_set.address}",
            subject=field_set.subject,
            level=LogLevel.DEBUG,
        ),
    )
    contents = await Get(DigestContents, DigestSubset(result.digest, PathGlobs([METADATA_FILE])))
    metadata = json.loads(contents[0].content)
    return BuiltImage(
        digest=result.digest,
        image_digest=metadata["image"]["digest"],
        archive_size=metadata["archive"]["size"],
        tags=tuple(metadata["tags"]),
    )


@rule
async def build_layers(request: _BuiltLayersRequest) -> _BuiltLayers:
    own = await Get(ImageLayer, ImageLayerRequest, request.layer)
    own_files = LayerFiles(_LAYER_FILE, _LAYER_DESCRIPTION)
    members = request.layer.members
    if request.plan.commands is None:
        return _BuiltLayers(own.digest, (own_files,), _TREE_FILE, members)
    run = await Get(
        RunAsRootLayer,
        RunAsRootLayerRequest(
            commands=request.plan.commands,
            digest=own.digest,
            layers=(_LAYER_FILE,),
            tree=_TREE_FILE,
            members=members,
            contents=request.layer.contents,
            env=FrozenDict(request.plan.config.env),
            address=request.address,
            subject=request.layer.subject,
        ),
    )
    if run.members:
        # The same layer, with the packages that files made by the commands refer to.
        members = tuple(sorted((*members, *run.members), key=lambda member: member.package.path))
        own = await Get(ImageLayer, ImageLayerRequest, replace(request.layer, members=members))
    return _BuiltLayers(
        digest=await Get(Digest, MergeDigests((own.digest, run.digest))),
        layers=(own_files, LayerFiles(RUN_LAYER, RUN_DESCRIPTION)),
        tree=RUN_TREE,
        members=members,
    )


@rule
async def build_layer(request: ImageLayerRequest, compressor: Compressor) -> ImageLayer:
    members = request.members
    parts = await MultiGet(Get(LayerPart, LayerPartRequest(member)) for member in members)
    layer = LayerRequest(
        packages=tuple(
            LayerPackage(
                path=member.package.path,
                segment=f"{_directory(member)}/{SEGMENT_FILE}",
                compressed=f"{_directory(member)}/{_COMPRESSED_FILE}",
                members=f"{_directory(member)}/{MEMBERS_FILE}",
            )
            for member in members
        ),
        contents=request.contents,
        fields=request.fields,
        created_by=f"lading: {len(members)} store packages",
    )
    request_file = await Get(Digest, CreateDigest([_request_file(layer.to_json())]))
    inputs = await Get(
        Digest, MergeDigests((request_file, request.files, *(part.digest for part in parts)))
    )
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.layer_main",
            arguments=(_REQUEST_FILE, _COMPRESSOR, *_LAYER_FILES),
            inputs=inputs,
            immutable_inputs=FrozenDict({_COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=_LAYER_FILES,
            description=f"Making a layer of {len(members)} store packages",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return ImageLayer(result.digest)


@rule
async def prepare_layer_part(request: LayerPartRequest, compressor: Compressor) -> LayerPart:
    member = request.member
    segment, needed = await MultiGet(
        Get(Digest, DigestSubset(member.digest, PathGlobs([SEGMENT_FILE]))),
        # Without package.json, which may change while the bytes do not.
        Get(Digest, DigestSubset(member.digest, PathGlobs([SEGMENT_FILE, MEMBERS_FILE]))),
    )
    compressed = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.compress_main",
            arguments=(_COMPRESSOR, SEGMENT_FILE, _COMPRESSED_FILE),
            inputs=segment,
            immutable_inputs=FrozenDict({_COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=(_COMPRESSED_FILE,),
            description=f"Compressing {member.package.path.name}",
            subject=str(member.package.path),
        ),
    )
    merged = await Get(Digest, MergeDigests((needed, compressed.digest)))
    return LayerPart(await Get(Digest, AddPrefix(merged, _directory(member))))


def _directory(member: ClosureMember) -> str:
    return f"packages/{member.package.path.base}"


def _request_file(text: str) -> FileContent:
    return FileContent(_REQUEST_FILE, text.encode("utf-8"))


def rules():
    return collect_rules()
