"""From an image's fields to its archive: the layers of its base, its own, documents, archive."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Iterable, Optional

from pants.engine.addresses import Address
from pants.engine.fs import (
    EMPTY_DIGEST,
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
from lading.image.file_trees import is_tree
from lading.image.image_documents import ClosureMember as ImageMember
from lading.image.image_documents import ImageDocuments, ImageParts
from lading.image.layer import ZSTD_MEDIA_TYPE, Layer, check_layer_count
from lading.image.user import User
from lading.image.zstd_library import LIBRARY as LIBZSTD
from lading.store.path import StorePath
from lading_pants.errors import about
from lading_pants.util_rules.debian_parts import DebianPart
from lading_pants.util_rules.image_base import ImageBase, ImageBaseRequest
from lading_pants.util_rules.image_debian import (
    REPORT_FILE,
    ImageDebian,
    ImageDebianLayer,
    ImageDebianLayerRequest,
    ImageDebianRequest,
)
from lading_pants.util_rules.image_files import ImageFiles, ImageFilesRequest
from lading_pants.util_rules.image_layer import (
    DESCRIPTION_FILE,
    LAYER_FILE,
    TREE_FILE,
    BuiltLayer,
    ImageLayer,
    ImageLayerRequest,
)
from lading_pants.util_rules.image_names import ImageNames, ImageNamesRequest
from lading_pants.util_rules.image_parts import ImagePart, PartsLayerRequest
from lading_pants.util_rules.image_plan import ImagePlan, ImagePlanRequest
from lading_pants.util_rules.image_python import PythonLayers, PythonLayersRequest
from lading_pants.util_rules.image_references import ImageFieldSet
from lading_pants.util_rules.image_trees import ImageTrees, ImageTreesRequest
from lading_pants.util_rules.package_layers import PackageLayers, PackageLayersRequest
from lading_pants.util_rules.program import ProgramRequest, ProgramResult
from lading_pants.util_rules.pulled_layers import PulledLayers, PulledLayersRequest
from lading_pants.util_rules.realise import ClosureMember, StoreClosure, StoreClosureRequest
from lading_pants.util_rules.run_as_root import RunAsRootLayer, RunAsRootLayerRequest
from lading_pants.util_rules.zstd_library import ZstdLibrary

#: The files of an image besides its layers: what OCI calls config and manifest, and what tells
#: programs of the image.
CONFIG_FILE, MANIFEST_FILE, METADATA_FILE = "config.json", "manifest.json", "image.json"

ARCHIVE_FILE = "image.tar"

_USER_FILE = "user"
_ZSTD_DIRECTORY = "zstd"


@dataclass(frozen=True)
class ImageLayersRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageLayers:
    """`layers` from the lowest of the lowest base to the image's own, `base_count` of them below
    those, and the lowest `pulled_count` of an image that was pulled from the repository `origin`;
    `tree` holds the `TREE_FILE` of all.

    `closure` is what is in them all, sorted by store path, and `contents` what they show at `/`,
    the image's own first. `debian` are the Debian packages in them, but for those of a pulled
    image, with `debian_tools` to run a Python among them here, and each of `debian_reports` holds
    a `REPORT_FILE` on some of them.
    """

    layers: tuple[ImageLayer, ...] = ()
    pulled_count: int = 0
    origin: Optional[str] = None
    base_count: int = 0
    tree: Digest = EMPTY_DIGEST
    contents: tuple[StorePath, ...] = ()
    closure: tuple[ClosureMember, ...] = ()
    debian: tuple[DebianPart, ...] = ()
    debian_tools: tuple[DebianPart, ...] = ()
    debian_reports: tuple[Digest, ...] = ()


@dataclass(frozen=True)
class _LayersBelowRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class _LayersBelow:
    """Those of the image's base; without one, nothing."""

    image: ImageLayers


@dataclass(frozen=True)
class _WithDebianRequest:
    field_set: ImageFieldSet
    base: ImageLayers


@dataclass(frozen=True)
class _WithDebian:
    """The base with the image's Debian packages on it."""

    image: ImageLayers


@dataclass(frozen=True)
class _OwnLayersRequest:
    """`layer` is the image's layer as it is without commands, but that its members are in layers
    below it where there may be any, `package_layers` of them; `parts` are in a layer above it."""

    plan: ImagePlan
    layer: ImageLayerRequest
    package_layers: int
    below: ImageLayers
    parts: tuple[ImagePart, ...]
    address: Address


@dataclass(frozen=True)
class _PackedMembersRequest:
    """`layer`, with its members in it, or in at most `package_layers` layers below it."""

    layer: ImageLayerRequest
    package_layers: int


@dataclass(frozen=True)
class _PackedMembers:
    """`package_layers` lowest first."""

    package_layers: tuple[ImageLayer, ...]
    layer: BuiltLayer


@dataclass(frozen=True)
class _OwnLayers:
    """The image's own layers, lowest first, the tree up to them, and the packages in them."""

    layers: tuple[ImageLayer, ...]
    tree: Digest
    members: tuple[ClosureMember, ...]


@dataclass(frozen=True)
class AssembledImageRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class AssembledImage:
    """An image that is complete, but not in one file.

    `digest` holds `CONFIG_FILE`, `MANIFEST_FILE` and `METADATA_FILE`; the last one's content is
    `metadata`, see `lading.image.image_documents`. `layers` are those that the manifest names,
    lowest first, the lowest `pulled_count` from the repository `origin`.
    """

    digest: Digest
    metadata: str
    layers: tuple[ImageLayer, ...]
    pulled_count: int
    origin: Optional[str]


@dataclass(frozen=True)
class _NumericUserRequest:
    """The user that the image names, or ""; `tree` holds the `TREE_FILE`."""

    text: str
    tree: Digest
    subject: str


@dataclass(frozen=True)
class _NumericUser:
    """As it is in the config."""

    text: str


@dataclass(frozen=True)
class ImageArchiveRequest:
    """Unless it is `named`, the image has no name where the archive is loaded."""

    field_set: ImageFieldSet
    named: bool = True


@dataclass(frozen=True)
class ImageArchive:
    """`digest` holds `ARCHIVE_FILE`."""

    digest: Digest


@rule
async def find_layers_below(request: _LayersBelowRequest) -> _LayersBelow:
    base = await Get(ImageBase, ImageBaseRequest(request.field_set))
    if base.field_set is not None:
        return _LayersBelow(await Get(ImageLayers, ImageLayersRequest(base.field_set)))
    if base.pulled is None:
        return _LayersBelow(ImageLayers())
    pulled = await Get(PulledLayers, PulledLayersRequest(base.pulled))
    return _LayersBelow(
        ImageLayers(
            pulled.layers,
            pulled_count=len(pulled.layers),
            origin=base.pulled.repository.canonical,
            tree=pulled.tree,
        )
    )


@rule
async def build_layers(request: ImageLayersRequest) -> ImageLayers:
    field_set = request.field_set
    plan = await Get(ImagePlan, ImagePlanRequest(field_set))
    declared = plan.fields.get("files", FrozenDict())
    found, closure, files = await MultiGet(
        Get(_LayersBelow, _LayersBelowRequest(field_set)),
        Get(StoreClosure, StoreClosureRequest(plan.packages, field_set.subject)),
        Get(
            ImageFiles,
            ImageFilesRequest(
                FrozenDict({path: value for path, value in declared.items() if not is_tree(path)}),
                plan.file_sources,
                f"{field_set.subject}: `files`",
            ),
        ),
    )
    base = found.image
    below = (await Get(_WithDebian, _WithDebianRequest(field_set, base))).image
    parts: tuple[ImagePart, ...] = ()
    if plan.python is not None:
        python = await Get(
            PythonLayers,
            PythonLayersRequest(
                plan.python,
                below.layers,
                below.tree,
                (*below.debian, *below.debian_tools),
                field_set.subject,
            ),
        )
        below = replace(below, layers=(*below.layers, *python.wheels), tree=python.tree)
        parts = (python.app,)
    by_path = {member.package.path: member for member in closure.members}
    layer = ImageLayerRequest(
        members=_sorted(by_path[path] for path in by_path.keys() - _paths(below.closure)),
        contents=tuple(by_path[path] for path in plan.contents),
        fields=FrozenDict({**plan.fields, "files": files.files}),
        files=files.digest,
        base=below.tree if below.tree != EMPTY_DIGEST else None,
        subject=field_set.subject,
    )
    count = field_set.package_layer_count(len(base.layers))
    own = await Get(
        _OwnLayers, _OwnLayersRequest(plan, layer, count, below, parts, field_set.address)
    )
    layers = (*below.layers, *own.layers)
    try:
        check_layer_count(len(layers))
    except LadingError as error:
        raise about(field_set.subject, error) from error
    return ImageLayers(
        layers=layers,
        pulled_count=below.pulled_count,
        origin=below.origin,
        base_count=len(base.layers),
        tree=own.tree,
        contents=(*plan.contents, *below.contents),
        closure=_sorted((*own.members, *below.closure)),
        debian=below.debian,
        debian_tools=below.debian_tools,
        debian_reports=below.debian_reports,
    )


@rule
async def add_debian_packages(request: _WithDebianRequest) -> _WithDebian:
    base = request.base
    debian = await Get(ImageDebian, ImageDebianRequest(request.field_set))
    if not debian.packages:
        return _WithDebian(base)
    subject = request.field_set.subject
    layer = await Get(
        ImageDebianLayer,
        ImageDebianLayerRequest(debian, base.tree, base.debian, base.debian_tools, subject),
    )
    return _WithDebian(
        replace(
            base,
            layers=(*base.layers, layer.built.layer),
            tree=layer.built.tree,
            debian=(*base.debian, *layer.parts),
            debian_tools=(*base.debian_tools, *layer.tools),
            debian_reports=(*base.debian_reports, layer.report),
        )
    )


@rule
async def build_own_layers(request: _OwnLayersRequest) -> _OwnLayers:
    plan, layer, below = request.plan, request.layer, request.below
    packed = await Get(_PackedMembers, _PackedMembersRequest(layer, request.package_layers))
    own = packed.layer
    declared = plan.fields.get("files", FrozenDict())
    trees = await Get(
        ImageTrees, ImageTreesRequest(declared, plan.file_sources, own.tree, layer.subject)
    )
    parts = (*trees.parts, *request.parts)
    above: tuple[ImageLayer, ...] = ()
    tree = own.tree
    if parts:
        upper = PartsLayerRequest(
            parts, own.tree, "lading: sources", layer.subject, _taken(layer.fields)
        )
        built = await Get(BuiltLayer, PartsLayerRequest, upper)
        above, tree = (built.layer,), built.tree
    if plan.commands is None:
        return _OwnLayers((*packed.package_layers, own.layer, *above), tree, layer.members)
    run = await Get(
        RunAsRootLayer,
        RunAsRootLayerRequest(
            commands=plan.commands,
            layers=(*below.layers, *packed.package_layers, own.layer, *above),
            tree=tree,
            members=_sorted((*layer.members, *below.closure)),
            contents=(*plan.contents, *below.contents),
            env=FrozenDict(plan.config.environment),
            address=request.address,
            subject=layer.subject,
        ),
    )
    members = layer.members
    if run.members:
        # The same layers, with the packages that files made by the commands refer to.
        members = _sorted((*members, *run.members))
        layer = replace(layer, members=members)
        packed = await Get(_PackedMembers, _PackedMembersRequest(layer, request.package_layers))
    return _OwnLayers(
        (*packed.package_layers, packed.layer.layer, *above, run.built.layer),
        run.built.tree,
        members,
    )


@rule
async def pack_members(request: _PackedMembersRequest) -> _PackedMembers:
    layer = request.layer
    if not request.package_layers:
        return _PackedMembers((), await Get(BuiltLayer, ImageLayerRequest, layer))
    packages, own = await MultiGet(
        Get(
            PackageLayers,
            PackageLayersRequest(layer.members, request.package_layers, layer.subject),
        ),
        Get(BuiltLayer, ImageLayerRequest, replace(layer, members=())),
    )
    return _PackedMembers(packages.layers, own)


def _taken(fields: FrozenDict[str, Any]) -> tuple[str, ...]:
    """Where the image's own fields put files and links."""
    paths = (path for alias in ("files", "symlinks") for path in fields.get(alias, ()))
    return tuple(path.lstrip("/") for path in paths)


def _sorted(members: Iterable[ClosureMember]) -> tuple[ClosureMember, ...]:
    return tuple(sorted(members, key=lambda member: member.package.path))


def _paths(members: Iterable[ClosureMember]) -> set[StorePath]:
    return {member.package.path for member in members}


@rule
async def assemble_image(request: AssembledImageRequest) -> AssembledImage:
    field_set = request.field_set
    plan = await Get(ImagePlan, ImagePlanRequest(field_set))
    names, image = await MultiGet(
        Get(ImageNames, ImageNamesRequest(field_set)),
        Get(ImageLayers, ImageLayersRequest(field_set)),
    )
    user = await Get(
        _NumericUser, _NumericUserRequest(plan.config.user, image.tree, field_set.subject)
    )
    descriptions = await MultiGet(
        Get(DigestContents, DigestSubset(layer.digest, PathGlobs([DESCRIPTION_FILE])))
        for layer in image.layers
    )
    reports = await MultiGet(
        Get(DigestContents, DigestSubset(report, PathGlobs([REPORT_FILE])))
        for report in image.debian_reports
    )
    parts = ImageParts(
        config=replace(plan.config, user=user.text),
        repository=names.repository,
        tags=names.tags,
        layers=tuple(Layer.from_dict(json.loads(file.content)) for (file,) in descriptions),
        pulled_layers=image.pulled_count,
        base_layers=image.base_count,
        closure=tuple(
            ImageMember(member.package.path, member.package.unpacked_size)
            for member in image.closure
        ),
        debian=[package for (file,) in reports for package in json.loads(file.content)],
    )
    try:
        documents = ImageDocuments.of(parts)
    except LadingError as error:
        raise about(field_set.subject, error) from error
    files = (
        FileContent(CONFIG_FILE, documents.config),
        FileContent(MANIFEST_FILE, documents.manifest),
        FileContent(METADATA_FILE, documents.metadata.encode("utf-8")),
    )
    return AssembledImage(
        digest=await Get(Digest, CreateDigest(files)),
        metadata=documents.metadata,
        layers=tuple(image.layers[number] for number in documents.kept),
        pulled_count=image.pulled_count,
        origin=image.origin,
    )


@rule
async def find_numeric_user(request: _NumericUserRequest) -> _NumericUser:
    text = request.text
    if not text or not User.parse(text).has_names:
        return _NumericUser(text)
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.user_main",
            arguments=(TREE_FILE, text, _USER_FILE),
            inputs=request.tree,
            output_files=(_USER_FILE,),
            description=f"Looking up {text} for {request.subject}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    (file,) = await Get(DigestContents, Digest, result.digest)
    return _NumericUser(file.content.decode("ascii"))


def _directory(number: int) -> str:
    """Where programs find the files of a layer."""
    return f"layers/{number}"


@rule
async def write_archive(request: ImageArchiveRequest) -> ImageArchive:
    field_set = request.field_set
    image = await Get(AssembledImage, AssembledImageRequest(field_set))
    metadata = json.loads(image.metadata)
    libraries = {}
    if any(layer["media_type"] == ZSTD_MEDIA_TYPE for layer in metadata["layers"]):
        zstd = await Get(ZstdLibrary)
        libraries[_ZSTD_DIRECTORY] = zstd.digest
    directories = [_directory(number) for number in range(len(image.layers))]
    archive = ArchiveRequest(
        config=CONFIG_FILE,
        manifest=MANIFEST_FILE,
        tags=tuple(metadata["tags"]) if request.named else (),
        layers=tuple(
            LayerFiles(f"{directory}/{LAYER_FILE}", f"{directory}/{DESCRIPTION_FILE}")
            for directory in directories
        ),
    )
    layers = await MultiGet(
        Get(Digest, AddPrefix(layer.digest, directory))
        for layer, directory in zip(image.layers, directories)
    )
    documents = PathGlobs([CONFIG_FILE, MANIFEST_FILE])
    image_digest = await Get(Digest, DigestSubset(image.digest, documents))
    inputs = await Get(Digest, MergeDigests((*layers, image_digest)))
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.archive_main",
            request=archive.to_json(),
            arguments=(f"{_ZSTD_DIRECTORY}/{LIBZSTD}", ARCHIVE_FILE),
            inputs=inputs,
            immutable_inputs=FrozenDict(libraries),
            output_files=(ARCHIVE_FILE,),
            description=f"Writing the archive of {field_set.address}",
            subject=field_set.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return ImageArchive(result.digest)


def rules():
    return collect_rules()
