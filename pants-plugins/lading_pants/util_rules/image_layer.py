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

#: The files of a layer: the blob, its description, and the tree of the image so far.
LAYER_FILE, DESCRIPTION_FILE, TREE_FILE = "layer.tar.gz", "layer.json", "tree.json"

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
    """`digest` holds `LAYER_FILE`, `DESCRIPTION_FILE` and `TREE_FILE`."""

    digest: Digest


@dataclass(frozen=True)
class ImageLayerRequest:
    """One layer with the root tree and all of `members`, on top of `base`.

    `contents` are shown at `/`; they are among `members` or in a layer below. `fields` is what
    `RootFields.parse` takes; the sources of its files are in `files`.
    """

    members: tuple[ClosureMember, ...]
    contents: tuple[ClosureMember, ...]
    fields: FrozenDict[str, Any]
    files: Digest
    base: Optional[ImageLayer]
    subject: str


@rule
async def build_layer(request: ImageLayerRequest, compressor: Compressor) -> ImageLayer:
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
    base = EMPTY_DIGEST
    if request.base:
        tree = await Get(Digest, DigestSubset(request.base.digest, PathGlobs([TREE_FILE])))
        base = await Get(Digest, AddPrefix(tree, _BASE))
    inputs = await Get(
        Digest, MergeDigests((request.files, base, *(part.digest for part in parts)))
    )
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.layer_main",
            request=layer.to_json(),
            arguments=(_COMPRESSOR, LAYER_FILE, DESCRIPTION_FILE, TREE_FILE),
            inputs=inputs,
            immutable_inputs=FrozenDict({_COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=(LAYER_FILE, DESCRIPTION_FILE, TREE_FILE),
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
