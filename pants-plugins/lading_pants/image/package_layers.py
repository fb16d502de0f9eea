"""The layers of an image that have only store packages."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest, MergeDigests
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.layers.layering import plan_layers
from lading.image.programs.layer_request import PackagesLayerRequest
from lading.values.counted import counted
from lading.values.json_codec import to_json
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.image.image_layer import (
    LAYER_FILES,
    CompressedPackage,
    CompressedPackageRequest,
    ImageLayer,
    read_layer,
)
from lading_pants.store.realise import ClosureMember


@dataclass(frozen=True)
class PackageLayersRequest:
    """All of `members`, in at most `count` layers; `subject` is the image.

    A `count` of 0 means that they will be in a layer with other files; then they are only
    compressed.
    """

    members: tuple[ClosureMember, ...]
    count: int
    subject: str

    @property
    def in_other_layers(self) -> tuple[ClosureMember, ...]:
        return () if self.count else self.members


@dataclass(frozen=True)
class PackageLayers:
    """Lowest first."""

    layers: tuple[ImageLayer, ...]


@dataclass(frozen=True)
class _GroupRequest:
    """One layer with all of `members`."""

    members: tuple[ClosureMember, ...]
    subject: str


@rule
async def build_package_layers(request: PackageLayersRequest) -> PackageLayers:
    if not request.count:
        await MultiGet(
            Get(CompressedPackage, CompressedPackageRequest(member)) for member in request.members
        )
        return PackageLayers(())
    by_path = {member.package.path: member for member in request.members}
    groups = plan_layers([member.package for member in request.members], request.count)
    layers = await MultiGet(
        Get(ImageLayer, _GroupRequest(tuple(by_path[path] for path in group), request.subject))
        for group in groups
    )
    return PackageLayers(layers)


@rule
async def build_group(request: _GroupRequest, compressor: Compressor) -> ImageLayer:
    packages = await MultiGet(
        Get(CompressedPackage, CompressedPackageRequest(member)) for member in request.members
    )
    if len(packages) == 1:
        return packages[0].layer
    number = counted(len(packages), "store package")
    layer = PackagesLayerRequest(tuple(package.files for package in packages), f"lading: {number}")
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.packages_layer_main",
            request=to_json(layer),
            arguments=(COMPRESSOR, *LAYER_FILES),
            inputs=await Get(Digest, MergeDigests(package.placed for package in packages)),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=LAYER_FILES,
            description=f"Making a layer of {number}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return await read_layer(result.digest)
