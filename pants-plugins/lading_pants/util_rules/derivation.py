"""From targets to derivations: store paths are known before anything is fetched or built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from pants.engine.addresses import Address, Addresses, UnparsedAddressInputs
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import DependenciesRequest, Target, WrappedTarget, WrappedTargetRequest

from lading.errors import LadingError
from lading.store.derivation import Derivation
from lading.store.graph import build_order
from lading.store.path import StorePath
from lading_pants.errors import TargetError, about
from lading_pants.subsystems.lading import LadingSubsystem
from lading_pants.targets.store_package import (
    BuildEnvField,
    BuildRootField,
    FurtherSourcesField,
    PackageNameField,
    PatchesField,
    ScriptField,
    SourceField,
    StoreDependenciesField,
    StripField,
    VersionField,
)
from lading_pants.util_rules.debian import BuildRoot, BuildRootRequest
from lading_pants.util_rules.platform import BuildPlatform
from lading_pants.util_rules.program import ProgramDigest, ProgramDigestRequest
from lading_pants.util_rules.source import (
    PatchFiles,
    PatchFilesRequest,
    StoreSource,
    StoreSourceRequest,
)

#: The program that builds; its digest is part of every derivation.
REALISE = "lading.store.realise"


@dataclass(frozen=True)
class StoreTargetRequest:
    """The store package target at an address, which `origin` named."""

    address: Address
    origin: str


@dataclass(frozen=True)
class StoreTarget:
    """A target that has a derivation, and the addresses in its `dependencies`, in their order."""

    target: Target
    dependencies: tuple[Address, ...]

    @property
    def subject(self) -> str:
        """How errors begin."""
        return f"`{self.target.alias}` {self.target.address}"


@dataclass(frozen=True)
class StoreGraphRequest:
    """All store packages that those at the addresses need to be built, and they themselves."""

    roots: tuple[Address, ...]
    origin: str


@dataclass(frozen=True)
class StoreGraph:
    """Addresses, dependencies first. That it exists proves that there is no cycle."""

    order: tuple[Address, ...]


@dataclass(frozen=True)
class StoreDerivationRequest:
    """The derivation of the store package at an address.

    Ask for the `StoreGraph` first: this recurses into dependencies, and a cycle would be told in
    the engine's words.
    """

    address: Address
    origin: str


@dataclass(frozen=True)
class StoreDerivation:
    """A derivation, its store path, and what the build needs that is not yet here."""

    target: StoreTarget
    derivation: Derivation
    path: StorePath
    build_root: BuildRoot
    source: Optional[StoreSource]
    further_sources: tuple[StoreSource, ...]
    patches: PatchFiles


@rule
async def find_store_target(request: StoreTargetRequest) -> StoreTarget:
    wrapped = await Get(
        WrappedTarget, WrappedTargetRequest(request.address, description_of_origin=request.origin)
    )
    target = wrapped.target
    if not target.has_field(ScriptField):
        raise TargetError(
            f"{request.origin} names {target.address}, which is a `{target.alias}` target and not "
            "a store package: name a `store_package`."
        )
    dependencies = await Get(Addresses, DependenciesRequest(target[StoreDependenciesField]))
    return StoreTarget(target, tuple(dependencies))


@rule
async def find_store_graph(request: StoreGraphRequest) -> StoreGraph:
    found: dict[Address, StoreTarget] = {}
    pending = {address: request.origin for address in request.roots}
    while pending:
        targets = await MultiGet(
            Get(StoreTarget, StoreTargetRequest(address, origin))
            for address, origin in pending.items()
        )
        found.update({target.target.address: target for target in targets})
        pending = {
            address: f"{target.subject}: `dependencies`"
            for target in targets
            for address in target.dependencies
            if address not in found
        }
    edges = {
        str(address): [str(dependency) for dependency in target.dependencies]
        for address, target in found.items()
    }
    try:
        order = build_order(edges)
    except LadingError as error:
        raise about(request.origin, error) from error
    by_name = {str(address): address for address in found}
    return StoreGraph(tuple(by_name[name] for name in order))


@rule
async def find_store_derivation(
    request: StoreDerivationRequest, lading: LadingSubsystem, platform: BuildPlatform
) -> StoreDerivation:
    store_target = await Get(StoreTarget, StoreTargetRequest(request.address, request.origin))
    target, subject = store_target.target, store_target.subject
    root_addresses = await Get(Addresses, UnparsedAddressInputs, _build_root_inputs(target, lading))
    program, build_root, patches = await MultiGet(
        Get(ProgramDigest, ProgramDigestRequest(REALISE)),
        Get(BuildRoot, BuildRootRequest(root_addresses[0], f"{subject}: `build_root`")),
        Get(PatchFiles, PatchFilesRequest(target[PatchesField])),
    )
    dependencies = await MultiGet(
        Get(StoreDerivation, StoreDerivationRequest(address, f"{subject}: `dependencies`"))
        for address in store_target.dependencies
    )
    sources = await MultiGet(
        Get(StoreSource, StoreSourceRequest(inputs, f"{subject}: `source`"))
        for inputs in _one_by_one(target[SourceField])
    )
    further_sources = await MultiGet(
        Get(StoreSource, StoreSourceRequest(inputs, f"{subject}: `sources`"))
        for inputs in _one_by_one(target[FurtherSourcesField])
    )
    derivation = Derivation(
        name=target[PackageNameField].value or target.address.target_name,
        version=target[VersionField].value or "",
        platform=platform.oci,
        script=target[ScriptField].value or "",
        env=tuple(sorted((target[BuildEnvField].value or {}).items())),
        sources=tuple(source.identity for source in sources),
        further_sources=tuple(source.identity for source in further_sources),
        patches=patches.identities,
        dependencies=tuple(dependency.path for dependency in dependencies),
        build_root=build_root.hash,
        builder=program.fingerprint,
        strip=target[StripField].value or "all",
    )
    try:
        path = derivation.store_path()
    except LadingError as error:
        raise about(subject, error) from error
    return StoreDerivation(
        target=store_target,
        derivation=derivation,
        path=path,
        build_root=build_root,
        source=sources[0] if sources else None,
        further_sources=further_sources,
        patches=patches,
    )


def _build_root_inputs(target: Target, lading: LadingSubsystem) -> UnparsedAddressInputs:
    field = target[BuildRootField]
    if field.value:
        return field.to_unparsed_address_inputs()
    return UnparsedAddressInputs(
        (lading.build_root,),
        owning_address=None,
        description_of_origin="the option `[lading].build_root`",
    )


def _one_by_one(field) -> tuple[UnparsedAddressInputs, ...]:
    """The field's addresses, one request each, so that each source keeps its own identity."""
    return tuple(
        UnparsedAddressInputs(
            (value,),
            owning_address=field.address,
            description_of_origin=f"the `{field.alias}` field from the target {field.address}",
        )
        for value in field.value or ()
    )


def rules():
    return collect_rules()
