"""The layers of an image: those of its base, then its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Optional, Union

from pants.engine.addresses import Address
from pants.engine.fs import EMPTY_DIGEST, Digest
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict

from lading.image.root.file_trees import is_tree
from lading.values.path import StorePath
from lading_pants.base_image.pulled_image import PulledImage
from lading_pants.base_image.pulled_layers import PulledLayers, PulledLayersRequest
from lading_pants.debian.debian_parts import DebianImagePart
from lading_pants.debian.image_debian import ImageDebianLayer, ImageDebianLayerRequest
from lading_pants.image.image_files import ResolvedFiles, ResolvedFilesRequest
from lading_pants.image.image_layer import BuiltLayer, ImageLayer, ImageLayerRequest
from lading_pants.image.image_parts import ImagePart, PartsLayerRequest
from lading_pants.image.image_plan import ImagePlan, ImagePlanRequest
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.image_trees import image_trees
from lading_pants.image.package_layers import PackageLayers, PackageLayersRequest
from lading_pants.image.resolved_image import ResolvedImage
from lading_pants.image.run_as_root import RunAsRootLayer, RunAsRootLayerRequest
from lading_pants.python.image_python import PythonLayers, PythonLayersRequest
from lading_pants.store.realise import ClosureMember, StoreClosure, StorePackagesRequest


@dataclass(frozen=True)
class ImageLayersRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageLayers:
    """The layers of an image, with those of its bases, and what is in them."""

    #: From the lowest base's to the image's own.
    layers: tuple[ImageLayer, ...] = ()
    #: How many layers, from the lowest, come from a pulled image.
    pulled_count: int = 0
    #: The repository of the pulled image.
    origin: Optional[str] = None
    #: How many layers, from the lowest, are those of bases.
    base_count: int = 0
    #: The `TREE_FILE` of all layers.
    tree: Digest = EMPTY_DIGEST
    #: The packages that all layers show at `/`, the image's own first.
    contents: tuple[StorePath, ...] = ()
    #: The content of all layers in `/store`, sorted by store path.
    closure: tuple[ClosureMember, ...] = ()
    #: The Debian packages in the layers, except those of a pulled image.
    debian: tuple[DebianImagePart, ...] = ()
    #: Needed to run a Python among the Debian packages here.
    debian_tools: tuple[DebianImagePart, ...] = ()
    #: Each has a `REPORT_FILE` about some of the Debian packages.
    debian_reports: tuple[Digest, ...] = ()


@dataclass(frozen=True)
class _BaseLayersRequest:
    """The layers of the image that `base` names; none if it is unset."""

    base: Union[ResolvedImage, PulledImage, None]


@dataclass(frozen=True)
class _OtherLayersRequest:
    """All layers but those of the image's own store packages: those of `base`, Debian packages and
    wheels on top of it, the `layer` for everything at `/`, whose `base` is not set yet, and what
    goes above it."""

    plan: ImagePlan
    base: ImageLayers
    layer: ImageLayerRequest


@dataclass(frozen=True)
class _OtherLayers:
    """`below` are the layers below the image's store packages. `layer` is complete, `root` what it
    makes, and `above` goes above it. `tree` is the tree of all."""

    below: ImageLayers
    layer: ImageLayerRequest
    root: ImageLayer
    above: tuple[ImageLayer, ...]
    tree: Digest


@dataclass(frozen=True)
class _OwnLayers:
    """The image's own layers, lowest first, the tree of all layers, and the image's packages."""

    layers: tuple[ImageLayer, ...]
    tree: Digest
    members: tuple[ClosureMember, ...]


@rule
async def find_base_layers(request: _BaseLayersRequest) -> ImageLayers:
    base = request.base
    if base is None:
        return ImageLayers()
    if isinstance(base, ResolvedImage):
        return await Get(ImageLayers, ImageLayersRequest(base.field_set))
    pulled = await Get(PulledLayers, PulledLayersRequest(base))
    return ImageLayers(
        pulled.layers,
        pulled_count=len(pulled.layers),
        origin=base.repository.canonical,
        tree=pulled.tree,
    )


async def _with_debian_packages(image: ResolvedImage, base: ImageLayers) -> ImageLayers:
    if not image.debian.packages:
        return base
    layer = await Get(
        ImageDebianLayer,
        ImageDebianLayerRequest(
            image.debian, base.tree, base.debian, base.debian_tools, image.field_set.subject
        ),
    )
    return replace(
        base,
        layers=(*base.layers, layer.built.layer),
        tree=layer.built.tree,
        debian=(*base.debian, *layer.parts),
        debian_tools=(*base.debian_tools, *layer.tools),
        debian_reports=(*base.debian_reports, layer.report),
    )


async def _with_wheels(
    image: ResolvedImage, below: ImageLayers
) -> tuple[ImageLayers, tuple[ImagePart, ...]]:
    """With the layers of a service's wheels, and its sources, which go above the image's own
    layer."""
    if image.python is None:
        return below, ()
    layers = await Get(
        PythonLayers,
        PythonLayersRequest(
            image.python,
            below.layers,
            below.tree,
            (*below.debian, *below.debian_tools),
            image.field_set.subject,
        ),
    )
    below = replace(below, layers=(*below.layers, *layers.wheels), tree=layers.tree)
    return below, (layers.app,)


@rule
async def build_other_layers(request: _OtherLayersRequest) -> _OtherLayers:
    plan, layer = request.plan, request.layer
    below, sources = await _with_wheels(
        plan.image, await _with_debian_packages(plan.image, request.base)
    )
    layer = replace(layer, base=below.tree if below.tree != EMPTY_DIGEST else None)
    root = await Get(BuiltLayer, ImageLayerRequest, layer)
    declared = plan.fields.get("files", FrozenDict())
    trees = await image_trees(declared, plan.image.references.sources, root.tree, layer.subject)
    parts = (*trees, *sources)
    if not parts:
        return _OtherLayers(below, layer, root.layer, (), root.tree)
    upper = PartsLayerRequest(
        parts, root.tree, "lading: sources", layer.subject, _taken(layer.fields)
    )
    built = await Get(BuiltLayer, PartsLayerRequest, upper)
    return _OtherLayers(below, layer, root.layer, (built.layer,), built.tree)


async def _run_commands(
    plan: ImagePlan,
    address: Address,
    packages: PackageLayersRequest,
    packed: PackageLayers,
    others: _OtherLayers,
) -> _OwnLayers:
    own = (*packed.layers, others.root, *others.above)
    if plan.commands is None:
        return _OwnLayers(own, others.tree, packages.members)
    below, layer = others.below, others.layer
    run = await Get(
        RunAsRootLayer,
        RunAsRootLayerRequest(
            commands=plan.commands,
            layers=(*below.layers, *own),
            tree=others.tree,
            members=_sorted((*packages.members, *below.closure)),
            contents=(*plan.contents, *below.contents),
            env=FrozenDict(plan.config.environment),
            address=address,
            subject=layer.subject,
        ),
    )
    if run.members:
        # The same layers, with the packages that files created by the commands refer to.
        packages = replace(packages, members=_sorted((*packages.members, *run.members)))
        layer = replace(layer, members=packages.in_other_layers)
        packed, root = await MultiGet(
            Get(PackageLayers, PackageLayersRequest, packages),
            Get(BuiltLayer, ImageLayerRequest, layer),
        )
        own = (*packed.layers, root.layer, *others.above)
    return _OwnLayers((*own, run.built.layer), run.built.tree, packages.members)


@rule
async def build_layers(request: ImageLayersRequest) -> ImageLayers:
    field_set = request.field_set
    subject = field_set.subject
    plan = await Get(ImagePlan, ImagePlanRequest(field_set))
    image = plan.image
    declared = plan.fields.get("files", FrozenDict())
    base, closure, files = await MultiGet(
        Get(ImageLayers, _BaseLayersRequest(image.base)),
        Get(StoreClosure, StorePackagesRequest(tuple(image.references.origins), subject)),
        Get(
            ResolvedFiles,
            ResolvedFilesRequest(
                FrozenDict({path: value for path, value in declared.items() if not is_tree(path)}),
                image.references.sources,
                f"{subject}: `files`",
            ),
        ),
    )
    by_path = {member.package.path: member for member in closure.members}
    own_paths = by_path.keys() - {member.package.path for member in base.closure}
    packages = PackageLayersRequest(
        _sorted(by_path[path] for path in own_paths),
        field_set.package_layer_count(len(base.layers)),
        subject,
    )
    layer = ImageLayerRequest(
        members=packages.in_other_layers,
        contents=tuple(by_path[path] for path in plan.contents),
        fields=FrozenDict({**plan.fields, "files": files.files}),
        files=files.digest,
        base=None,
        subject=subject,
    )
    # In parallel: compressing packages takes as long as all other layers together, or longer.
    others, packed = await MultiGet(
        Get(_OtherLayers, _OtherLayersRequest(plan, base, layer)),
        Get(PackageLayers, PackageLayersRequest, packages),
    )
    own = await _run_commands(plan, field_set.address, packages, packed, others)
    below = others.below
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


def _taken(fields: FrozenDict[str, Any]) -> tuple[str, ...]:
    """The paths where the image's own fields put files and links."""
    paths = (path for alias in ("files", "symlinks") for path in fields.get(alias, ()))
    return tuple(path.lstrip("/") for path in paths)


def _sorted(members: Iterable[ClosureMember]) -> tuple[ClosureMember, ...]:
    return tuple(sorted(members, key=lambda member: member.package.path))
