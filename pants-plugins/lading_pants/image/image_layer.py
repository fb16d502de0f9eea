"""One layer of an image: its root tree, and packages that are already compressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from pants.engine.fs import (
    EMPTY_DIGEST,
    AddPrefix,
    Digest,
    DigestContents,
    DigestSubset,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.config.layer import Layer
from lading.image.programs.layer_request import ContentPackage, LayerPackage, LayerRequest
from lading.image.root.image_tree import ImageTree
from lading.values.counted import counted
from lading.values.json_codec import from_json, to_json
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.store.realise import (
    MEMBERS_FILE,
    SEGMENT_FILE,
    ClosureMember,
    PlacedFiles,
    PlacedFilesRequest,
)

#: The files of a layer: the blob for registries, and its description.
LAYER_FILE, DESCRIPTION_FILE = "blob", "layer.json"

#: The files of an image up to some layer.
TREE_FILE = "tree.json"

LAYER_FILES = (LAYER_FILE, DESCRIPTION_FILE)

_BASE = "base"


@dataclass(frozen=True)
class ImageLayer:
    """`digest` has `LAYER_FILES`; `description` is what its `DESCRIPTION_FILE` says."""

    digest: Digest
    description: Layer


@dataclass(frozen=True)
class CompressedPackageRequest:
    """A package for layers. It is compressed once, however many layers it is in."""

    member: ClosureMember


@dataclass(frozen=True)
class CompressedPackage:
    """`layer` has only the package. `placed` has what other layers need to include the package, at
    the paths in `files`."""

    layer: ImageLayer
    placed: Digest
    files: LayerPackage


@dataclass(frozen=True)
class BuiltLayer:
    """`tree` has the `TREE_FILE` of all layers up to this one."""

    layer: ImageLayer
    tree: Digest


@dataclass(frozen=True)
class ImageLayerRequest:
    """One layer with the root tree and all of `members`, on an image whose tree `base` has.

    `contents` are shown at `/`; they are among `members` or in a layer below. `fields` is the
    argument of `RootFields.parse`; the sources of its files are in `files`.
    """

    members: tuple[ClosureMember, ...]
    contents: tuple[ClosureMember, ...]
    fields: FrozenDict[str, Any]
    files: Digest
    base: Optional[Digest]
    subject: str


async def read_layer(output: Digest) -> ImageLayer:
    """Reads a program's output: `LAYER_FILES` and maybe others."""
    layer, (description,) = await MultiGet(
        Get(Digest, DigestSubset(output, PathGlobs(LAYER_FILES))),
        Get(DigestContents, DigestSubset(output, PathGlobs([DESCRIPTION_FILE]))),
    )
    return ImageLayer(layer, from_json(Layer, description.content))


async def read_layer_output(output: Digest) -> BuiltLayer:
    """Reads a program's output: `LAYER_FILES`, `TREE_FILE` and maybe others."""
    layer = await read_layer(output)
    return BuiltLayer(layer, await Get(Digest, DigestSubset(output, PathGlobs([TREE_FILE]))))


async def read_tree(tree: Digest) -> ImageTree:
    """`tree` has `TREE_FILE`, or nothing."""
    contents = await Get(DigestContents, Digest, tree)
    return from_json(ImageTree, contents[0].content.decode("utf-8")) if contents else ImageTree()


@rule
async def build_layer(request: ImageLayerRequest, compressor: Compressor) -> BuiltLayer:
    packages = await MultiGet(
        Get(CompressedPackage, CompressedPackageRequest(member)) for member in request.members
    )
    shown = await MultiGet(
        Get(PlacedFiles, PlacedFilesRequest(request.contents, file))
        for file in (SEGMENT_FILE, MEMBERS_FILE)
    )
    layer = LayerRequest(
        packages=tuple(package.files for package in packages),
        contents=tuple(_content_package(member) for member in request.contents),
        fields=request.fields,
        base_tree=f"{_BASE}/{TREE_FILE}" if request.base else "",
        created_by=f"lading: {_told(request)}",
    )
    base = await Get(Digest, AddPrefix(request.base or EMPTY_DIGEST, _BASE))
    inputs = (
        *(files.digest for files in shown),
        *(package.placed for package in packages),
        request.files,
        base,
    )
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.layer_main",
            request=to_json(layer),
            arguments=(COMPRESSOR, *LAYER_FILES, TREE_FILE),
            inputs=await Get(Digest, MergeDigests(inputs)),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=(*LAYER_FILES, TREE_FILE),
            description=f"Making a layer of {_told(request)}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return await read_layer_output(result.digest)


def _told(request: ImageLayerRequest) -> str:
    if request.members:
        return counted(len(request.members), "store package")
    return "files and links"


def _content_package(member: ClosureMember) -> ContentPackage:
    directory = member.directory
    return ContentPackage(
        path=member.package.path,
        segment=f"{directory}/{SEGMENT_FILE}",
        members=f"{directory}/{MEMBERS_FILE}",
    )


@rule
async def compress_package(
    request: CompressedPackageRequest, compressor: Compressor
) -> CompressedPackage:
    path, directory = request.member.package.path, request.member.directory
    # Without package.json, which may change although the bytes stay the same.
    segment = await Get(Digest, DigestSubset(request.member.digest, PathGlobs([SEGMENT_FILE])))
    compressed = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.compress_main",
            arguments=(COMPRESSOR, SEGMENT_FILE, str(path), *LAYER_FILES),
            inputs=segment,
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=LAYER_FILES,
            description=f"Compressing {path.name}",
            subject=str(path),
        ),
    )
    merged = await Get(Digest, MergeDigests((segment, compressed.digest)))
    return CompressedPackage(
        layer=await read_layer(compressed.digest),
        placed=await Get(Digest, AddPrefix(merged, directory)),
        files=LayerPackage(
            path=path,
            segment=f"{directory}/{SEGMENT_FILE}",
            blob=f"{directory}/{LAYER_FILE}",
            description=f"{directory}/{DESCRIPTION_FILE}",
        ),
    )
