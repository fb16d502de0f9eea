"""The layers of a pulled image, for other images on top of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from pants.engine.fs import AddPrefix, Digest, DigestSubset, MergeDigests, PathGlobs
from pants.engine.rules import Get, MultiGet, rule
from pants.util.logging import LogLevel

from lading.files.bounds import OPTION as UNPACK_OPTION
from lading.image.config.base_config import BaseConfig
from lading.image.programs.base_layer_request import (
    BaseLayerFiles,
    BaseLayerRequest,
    BaseTreeRequest,
)
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import to_json
from lading.values.size import parse_size
from lading_pants.base_image.pulled_image import BLOB, PulledBlob, PulledBlobRequest, PulledImage
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.errors import TargetError
from lading_pants.fetch.pinned_library import LIBZSTD, libzstd_inputs
from lading_pants.image.image_layer import (
    DESCRIPTION_FILE,
    LAYER_FILE,
    TREE_FILE,
    ImageLayer,
    read_layer,
)

assert BLOB == LAYER_FILE, "a pulled blob is the file of a layer as it is"

_LISTING_FILE = "listing"


@dataclass(frozen=True)
class PulledLayersRequest:
    image: PulledImage


@dataclass(frozen=True)
class PulledLayers:
    """Lowest first; `tree` has the `TREE_FILE` of all layers."""

    layers: tuple[ImageLayer, ...]
    tree: Digest


@dataclass(frozen=True)
class _PulledLayerRequest:
    """The layer with this index, whose tar archive has the digest `diff_id`."""

    image: PulledImage
    number: int
    diff_id: Sha256


@dataclass(frozen=True)
class _PulledLayer:
    """`listing` has `_LISTING_FILE`, the members of the layer, and `DESCRIPTION_FILE`."""

    layer: ImageLayer
    listing: Digest


@dataclass(frozen=True)
class UnpackLimit:
    """The most bytes that layers may unpack to; None for the default."""

    size: Optional[int]


@rule
def find_unpack_limit(lading: LadingSubsystem) -> UnpackLimit:
    text = lading.max_unpacked_size
    try:
        return UnpackLimit(None if text is None else parse_size(UNPACK_OPTION, text))
    except LadingError as error:
        raise TargetError(str(error)) from error


@rule
async def pull_layers(request: PulledLayersRequest, limit: UnpackLimit) -> PulledLayers:
    image = request.image
    diff_ids = BaseConfig(image.config).diff_ids
    layers = await MultiGet(
        Get(_PulledLayer, _PulledLayerRequest(image, number, Sha256.parse(diff_id)))
        for number, diff_id in enumerate(diff_ids)
    )
    listings = await MultiGet(
        Get(Digest, AddPrefix(layer.listing, str(number))) for number, layer in enumerate(layers)
    )
    merged = BaseTreeRequest(
        tuple(
            BaseLayerFiles(f"{number}/{DESCRIPTION_FILE}", f"{number}/{_LISTING_FILE}")
            for number, _ in enumerate(layers)
        ),
        limit.size,
    )
    tree = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.base_tree_main",
            request=to_json(merged),
            arguments=(TREE_FILE,),
            inputs=await Get(Digest, MergeDigests(listings)),
            output_files=(TREE_FILE,),
            description=f"Finding what lies in {image.reference.name}",
            subject=image.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return PulledLayers(tuple(layer.layer for layer in layers), tree.digest)


@rule
async def pull_layer(request: _PulledLayerRequest, limit: UnpackLimit) -> _PulledLayer:
    image, descriptor = request.image, request.image.manifest.layers[request.number]
    blob = await Get(PulledBlob, PulledBlobRequest(image, descriptor))
    layer = BaseLayerRequest(
        digest=descriptor.digest,
        size=descriptor.size,
        media_type=descriptor.media_type,
        diff_id=request.diff_id,
        # The image keeps its own history, so this is the same layer in every image that has it.
        created_by="",
        max_unpacked_size=limit.size,
    )
    listed = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.base_layer_main",
            request=to_json(layer),
            arguments=(LIBZSTD, BLOB, DESCRIPTION_FILE, _LISTING_FILE),
            inputs=blob.digest,
            immutable_inputs=await libzstd_inputs(blob.is_zstd),
            output_files=(DESCRIPTION_FILE, _LISTING_FILE),
            description=f"Reading layer {request.number + 1} of {image.reference.name}",
            subject=image.subject,
            level=LogLevel.DEBUG,
        ),
    )
    description = await Get(Digest, DigestSubset(listed.digest, PathGlobs([DESCRIPTION_FILE])))
    files = await Get(Digest, MergeDigests((blob.digest, description)))
    return _PulledLayer(await read_layer(files), listed.digest)
