"""From an image's fields to its archive: the layers of its base, its own, archive."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Iterable, Optional

from pants.engine.addresses import Address
from pants.engine.fs import (
    AddPrefix,
    Digest,
    DigestContents,
    DigestSubset,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.archive_request import ArchiveRequest, LayerFiles
from lading.image.archive_request import ClosureMember as ArchivedMember
from lading.image.config import ImageConfig
from lading.store.path import StorePath
from lading_pants.util_rules.image_base import ImageBase, ImageBaseRequest
from lading_pants.util_rules.image_files import ImageFiles, ImageFilesRequest
from lading_pants.util_rules.image_layer import (
    DESCRIPTION_FILE,
    LAYER_FILE,
    TREE_FILE,
    ImageLayer,
    ImageLayerRequest,
)
from lading_pants.util_rules.image_plan import ImagePlan, ImagePlanRequest
from lading_pants.util_rules.image_references import ImageFieldSet
from lading_pants.util_rules.program import ProgramRequest, ProgramResult
from lading_pants.util_rules.realise import ClosureMember, StoreClosure, StoreClosureRequest
from lading_pants.util_rules.run_as_root import RunAsRootLayer, RunAsRootLayerRequest

#: The files of a built image.
ARCHIVE_FILE, METADATA_FILE = "image.tar", "image.json"


@dataclass(frozen=True)
class ImageLayersRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageLayers:
    """`layers` from the lowest of the lowest base to the image's own, `base_count` of them below
    those; `closure` is what is in them all, sorted by store path, and `contents` what they show
    at `/`, the image's own first."""

    config: ImageConfig
    layers: tuple[ImageLayer, ...]
    base_count: int
    contents: tuple[StorePath, ...]
    closure: tuple[ClosureMember, ...]


@dataclass(frozen=True)
class _OwnLayersRequest:
    """`layer` is the image's layer as it is without commands; `below` are the base's layers."""

    plan: ImagePlan
    layer: ImageLayerRequest
    below: Optional[ImageLayers]
    address: Address


@dataclass(frozen=True)
class _OwnLayers:
    """The image's own layers, lowest first, and the packages in them."""

    layers: tuple[ImageLayer, ...]
    members: tuple[ClosureMember, ...]


@dataclass(frozen=True)
class BuiltImageRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class BuiltImage:
    """`digest` holds `ARCHIVE_FILE` and `METADATA_FILE`.

    `image_digest` is the manifest's, as `sha256:<hex>`; `archive_size` is in bytes;
    `layer_count` is of all layers, `base_layer_count` of those below the image's own.
    """

    digest: Digest
    image_digest: str
    archive_size: int
    layer_count: int
    base_layer_count: int
    tags: tuple[str, ...]


@rule
async def build_layers(request: ImageLayersRequest) -> ImageLayers:
    field_set = request.field_set
    plan = await Get(ImagePlan, ImagePlanRequest(field_set))
    base = await Get(ImageBase, ImageBaseRequest(field_set))
    below = None
    if base.field_set is not None:
        below = await Get(ImageLayers, ImageLayersRequest(base.field_set))
    closure, files = await MultiGet(
        Get(StoreClosure, StoreClosureRequest(plan.packages, field_set.subject)),
        Get(
            ImageFiles,
            ImageFilesRequest(
                plan.fields.get("files", FrozenDict()),
                plan.file_sources,
                f"{field_set.subject}: `files`",
            ),
        ),
    )
    by_path = {member.package.path: member for member in closure.members}
    shipped = below.closure if below else ()
    layer = ImageLayerRequest(
        members=_sorted(by_path[path] for path in by_path.keys() - _paths(shipped)),
        contents=tuple(by_path[path] for path in plan.contents),
        fields=FrozenDict({**plan.fields, "files": files.files}),
        files=files.digest,
        base=below.layers[-1] if below else None,
        subject=field_set.subject,
    )
    own = await Get(_OwnLayers, _OwnLayersRequest(plan, layer, below, field_set.address))
    return ImageLayers(
        config=plan.config,
        layers=(*(below.layers if below else ()), *own.layers),
        base_count=len(below.layers) if below else 0,
        contents=(*plan.contents, *(below.contents if below else ())),
        closure=_sorted((*own.members, *shipped)),
    )


@rule
async def build_own_layers(request: _OwnLayersRequest) -> _OwnLayers:
    layer, below, commands = request.layer, request.below, request.plan.commands
    own = await Get(ImageLayer, ImageLayerRequest, layer)
    if commands is None:
        return _OwnLayers((own,), layer.members)
    run = await Get(
        RunAsRootLayer,
        RunAsRootLayerRequest(
            commands=commands,
            layers=(*(below.layers if below else ()), own),
            members=_sorted((*layer.members, *(below.closure if below else ()))),
            contents=(*request.plan.contents, *(below.contents if below else ())),
            env=FrozenDict(request.plan.config.env),
            address=request.address,
            subject=layer.subject,
        ),
    )
    members = layer.members
    if run.members:
        # The same layer, with the packages that files made by the commands refer to.
        members = _sorted((*members, *run.members))
        own = await Get(ImageLayer, ImageLayerRequest, replace(layer, members=members))
    return _OwnLayers((own, run.layer), members)


def _sorted(members: Iterable[ClosureMember]) -> tuple[ClosureMember, ...]:
    return tuple(sorted(members, key=lambda member: member.package.path))


def _paths(members: Iterable[ClosureMember]) -> set[StorePath]:
    return {member.package.path for member in members}


@rule
async def build_image(request: BuiltImageRequest) -> BuiltImage:
    field_set = request.field_set
    image = await Get(ImageLayers, ImageLayersRequest(field_set))
    directories = [f"layers/{number}" for number in range(len(image.layers))]
    archive = ArchiveRequest(
        config=image.config,
        repository=field_set.repository.value or field_set.address.target_name,
        tags=field_set.image_tags.value or (),
        layers=tuple(
            LayerFiles(f"{directory}/{LAYER_FILE}", f"{directory}/{DESCRIPTION_FILE}")
            for directory in directories
        ),
        base_layers=image.base_count,
        tree=f"{directories[-1]}/{TREE_FILE}",
        closure=tuple(
            ArchivedMember(member.package.path, member.package.unpacked_size)
            for member in image.closure
        ),
    )
    layers = await MultiGet(
        Get(Digest, AddPrefix(layer.digest, directory))
        for layer, directory in zip(image.layers, directories)
    )
    inputs = await Get(Digest, MergeDigests(layers))
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.archive_main",
            request=archive.to_json(),
            arguments=(ARCHIVE_FILE, METADATA_FILE),
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
        layer_count=len(metadata["layers"]),
        base_layer_count=metadata["base_layers"],
        tags=tuple(metadata["tags"]),
    )


def rules():
    return collect_rules()
