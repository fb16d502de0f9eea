"""The layers of an image: those of its base, then its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Optional

from pants.engine.addresses import Address
from pants.engine.fs import EMPTY_DIGEST, Digest
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.util.frozendict import FrozenDict

from lading.image.root.file_trees import is_tree
from lading.values.path import StorePath
from lading_pants.base_image.pulled_layers import PulledLayers, PulledLayersRequest
from lading_pants.debian.debian_parts import DebianPart
from lading_pants.debian.image_debian import (
    ImageDebian,
    ImageDebianLayer,
    ImageDebianLayerRequest,
    ImageDebianRequest,
)
from lading_pants.image.image_base import ImageBase, ImageBaseRequest
from lading_pants.image.image_files import ImageFiles, ImageFilesRequest
from lading_pants.image.image_layer import BuiltLayer, ImageLayer, ImageLayerRequest
from lading_pants.image.image_parts import ImagePart, PartsLayerRequest
from lading_pants.image.image_plan import ImagePlan, ImagePlanRequest
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.image_trees import ImageTrees, ImageTreesRequest
from lading_pants.image.package_layers import PackageLayers, PackageLayersRequest
from lading_pants.image.run_as_root import RunAsRootLayer, RunAsRootLayerRequest
from lading_pants.python.image_python import PlannedPython, PythonLayers, PythonLayersRequest
from lading_pants.store.realise import ClosureMember, StoreClosure, StoreClosureRequest


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
class _WithPythonRequest:
    python: Optional[PlannedPython]
    below: ImageLayers
    subject: str


@dataclass(frozen=True)
class _WithPython:
    """What was below, with the layers of wheels on it; `parts` are the sources, if there are any,
    which go above the image's own layer."""

    image: ImageLayers
    parts: tuple[ImagePart, ...]


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
    with_debian = await Get(_WithDebian, _WithDebianRequest(field_set, base))
    with_python = await Get(
        _WithPython, _WithPythonRequest(plan.python, with_debian.image, field_set.subject)
    )
    below = with_python.image
    layer = _own_layer(plan, closure, files, below, field_set.subject)
    count = field_set.package_layer_count(len(base.layers))
    own = await Get(
        _OwnLayers,
        _OwnLayersRequest(plan, layer, count, below, with_python.parts, field_set.address),
    )
    return ImageLayers(
        layers=(*below.layers, *own.layers),
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
async def add_wheels(request: _WithPythonRequest) -> _WithPython:
    below = request.below
    if request.python is None:
        return _WithPython(below, ())
    layers = await Get(
        PythonLayers,
        PythonLayersRequest(
            request.python,
            below.layers,
            below.tree,
            (*below.debian, *below.debian_tools),
            request.subject,
        ),
    )
    return _WithPython(
        replace(below, layers=(*below.layers, *layers.wheels), tree=layers.tree), (layers.app,)
    )


def _own_layer(
    plan: ImagePlan, closure: StoreClosure, files: ImageFiles, below: ImageLayers, subject: str
) -> ImageLayerRequest:
    """See `_OwnLayersRequest`."""
    by_path = {member.package.path: member for member in closure.members}
    return ImageLayerRequest(
        members=_sorted(by_path[path] for path in by_path.keys() - _paths(below.closure)),
        contents=tuple(by_path[path] for path in plan.contents),
        fields=FrozenDict({**plan.fields, "files": files.files}),
        files=files.digest,
        base=below.tree if below.tree != EMPTY_DIGEST else None,
        subject=subject,
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


def rules():
    return collect_rules()
