"""One layer of an image: its root tree, and packages that are compressed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from pants.engine.fs import (
    EMPTY_DIGEST,
    AddPrefix,
    Digest,
    DigestSubset,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.compressor import LIBRARY
from lading.image.layer_request import LayerPackage, LayerRequest
from lading_pants.util_rules.compressor import Compressor
from lading_pants.util_rules.program import ProgramRequest, ProgramResult
from lading_pants.util_rules.realise import MEMBERS_FILE, SEGMENT_FILE, ClosureMember

#: The files of a layer: the blob as registries have it, and its description.
LAYER_FILE, DESCRIPTION_FILE = "blob", "layer.json"

#: What lies in an image up to some layer.
TREE_FILE = "tree.json"

LAYER_FILES = (LAYER_FILE, DESCRIPTION_FILE)

_COMPRESSED_FILE = "segment.tar.gz"
_BASE = "base"
_COMPRESSOR_DIRECTORY = "compressor"
_COMPRESSOR = f"{_COMPRESSOR_DIRECTORY}/{LIBRARY}"


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
class ImageLayer:
    """`digest` holds `LAYER_FILES`."""

    digest: Digest


@dataclass(frozen=True)
class BuiltLayer:
    """`tree` holds `TREE_FILE`, of all layers up to this one."""

    layer: ImageLayer
    tree: Digest


@dataclass(frozen=True)
class ImageLayerRequest:
    """One layer with the root tree and all of `members`, on an image whose tree `base` holds.

    `contents` are shown at `/`; they are among `members` or in a layer below. `fields` is what
    `RootFields.parse` takes; the sources of its files are in `files`.
    """

    members: tuple[ClosureMember, ...]
    contents: tuple[ClosureMember, ...]
    fields: FrozenDict[str, Any]
    files: Digest
    base: Optional[Digest]
    subject: str


@dataclass(frozen=True)
class LayerOutput:
    """What a program that makes a layer leaves: `LAYER_FILES`, `TREE_FILE` and maybe others."""

    digest: Digest


@rule
async def read_layer_output(output: LayerOutput) -> BuiltLayer:
    layer, tree = await MultiGet(
        Get(Digest, DigestSubset(output.digest, PathGlobs(LAYER_FILES))),
        Get(Digest, DigestSubset(output.digest, PathGlobs([TREE_FILE]))),
    )
    return BuiltLayer(ImageLayer(layer), tree)


@rule
async def build_layer(request: ImageLayerRequest, compressor: Compressor) -> BuiltLayer:
    members = request.members
    needed = dict.fromkeys((*members, *request.contents))
    parts = await MultiGet(Get(LayerPart, LayerPartRequest(member)) for member in needed)
    layer = LayerRequest(
        packages=tuple(_layer_package(member) for member in members),
        contents=tuple(_layer_package(member) for member in request.contents),
        fields=request.fields,
        base_tree=f"{_BASE}/{TREE_FILE}" if request.base else "",
        created_by=f"lading: {len(members)} store packages",
    )
    base = await Get(Digest, AddPrefix(request.base or EMPTY_DIGEST, _BASE))
    inputs = await Get(
        Digest, MergeDigests((request.files, base, *(part.digest for part in parts)))
    )
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.layer_main",
            request=layer.to_json(),
            arguments=(_COMPRESSOR, *LAYER_FILES, TREE_FILE),
            inputs=inputs,
            immutable_inputs=FrozenDict({_COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=(*LAYER_FILES, TREE_FILE),
            description=f"Making a layer of {len(members)} store packages",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return await Get(BuiltLayer, LayerOutput(result.digest))


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
    return LayerPart(await Get(Digest, AddPrefix(merged, member.directory)))


def _layer_package(member: ClosureMember) -> LayerPackage:
    directory = member.directory
    return LayerPackage(
        path=member.package.path,
        segment=f"{directory}/{SEGMENT_FILE}",
        compressed=f"{directory}/{_COMPRESSED_FILE}",
        members=f"{directory}/{MEMBERS_FILE}",
    )


def rules():
    return collect_rules()
