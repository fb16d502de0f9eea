"""From targets to derivations: store paths are known before anything is fetched or built.

Several kinds of targets are store packages. A kind consists of
- a target type with a `PackageNameField`, by which it is known to be one;
- a member of the union `DeriveRequest`, which says what determines the package;
- a member of the union `lading_pants.store.realise.BuildRequest`, which builds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Iterable, Type, TypeVar

from pants.engine.addresses import Address
from pants.engine.environment import EnvironmentName
from pants.engine.rules import Get, MultiGet, rule
from pants.engine.target import (
    Dependencies,
    DependenciesRequest,
    ExplicitlyProvidedDependencies,
    Field,
    Target,
    Targets,
    WrappedTarget,
    WrappedTargetRequest,
)
from pants.engine.unions import UnionMembership, union

from lading.store.derivation import Derivation
from lading.store.graph import build_order
from lading.values.errors import LadingError
from lading.values.path import StorePath
from lading_pants.engine.named_address import NamedAddress, NamedAddressRequest
from lading_pants.errors import TargetError, about
from lading_pants.store.build_root_target import BuildRootTarget
from lading_pants.store.store_package_target import PackageNameField


@dataclass(frozen=True)
class StorePackageRequest:
    """The store package at an address, which `origin` named: its target, its derivation, or what it
    is built to."""

    address: Address
    origin: str


@dataclass(frozen=True)
class StoreTarget:
    """A target that has a derivation, and the addresses that it depends on, sorted.

    These are the addresses in `dependencies`, and those that Lading infers from other fields.
    """

    target: Target
    dependencies: tuple[Address, ...]

    @property
    def subject(self) -> str:
        """The beginning of error messages."""
        return f"`{self.target.alias}` {self.target.address}"


@dataclass(frozen=True)
class StoreDerivation:
    """Call `check_dependencies` before you ask for it: it recurses into dependencies, and the
    engine's message about a cycle is hard to understand."""

    target: StoreTarget
    derivation: Derivation
    path: StorePath


class KindRequest:
    """A request about the kind of store package whose targets have the field `marker`."""

    marker: ClassVar[Type[Field]]


_KindRequest = TypeVar("_KindRequest", bound=KindRequest)


@union(in_scope_types=[EnvironmentName])
@dataclass(frozen=True)
class DeriveRequest(KindRequest):
    """The `Derivation` of a target."""

    target: StoreTarget
    dependencies: tuple[StoreDerivation, ...]

    @property
    def dependency_paths(self) -> tuple[StorePath, ...]:
        return tuple(dependency.path for dependency in self.dependencies)


def kind_of(target: Target, members: Iterable[Type[_KindRequest]]) -> Type[_KindRequest]:
    """The union member for the target's kind."""
    return next(member for member in members if target.has_field(member.marker))


@rule
async def find_store_target(request: StorePackageRequest) -> StoreTarget:
    wrapped = await Get(
        WrappedTarget, WrappedTargetRequest(request.address, description_of_origin=request.origin)
    )
    target = wrapped.target
    if not target.has_field(PackageNameField):
        raise TargetError(
            f"{request.origin} names {target.address}, which is a `{target.alias}` target and not "
            "a store package: name a target that is one, such as a `store_package`."
        )
    field = target[Dependencies]
    # Pants also reports unknown addresses, but makes no suggestions.
    await MultiGet(
        Get(
            NamedAddress,
            NamedAddressRequest(
                text, target.address, f"`{target.alias}` {target.address}: `{field.alias}`"
            ),
        )
        for text in field.value or ()
        if not text.startswith("!")
    )
    wanted = DependenciesRequest(field)
    dependencies = await Get(Targets, DependenciesRequest, wanted)
    explicit = await Get(ExplicitlyProvidedDependencies, DependenciesRequest, wanted)
    # The implied build root is an inferred dependency, but no store package.
    return StoreTarget(
        target,
        tuple(
            dependency.address
            for dependency in dependencies
            if dependency.address in explicit.includes or not _is_build_root(dependency)
        ),
    )


def _is_build_root(target: Target) -> bool:
    return target.alias == BuildRootTarget.alias


async def check_dependencies(roots: tuple[Address, ...], origin: str) -> None:
    """Raises TargetError if a package among those that are needed to build `roots` does not exist,
    or depends on itself."""
    found: dict[Address, StoreTarget] = {}
    pending = {address: origin for address in roots}
    while pending:
        targets = await MultiGet(
            Get(StoreTarget, StorePackageRequest(address, by)) for address, by in pending.items()
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
        build_order(edges)
    except LadingError as error:
        raise about(origin, error) from error


@rule
async def find_store_derivation(
    request: StorePackageRequest, union_membership: UnionMembership
) -> StoreDerivation:
    store_target = await Get(StoreTarget, StorePackageRequest(request.address, request.origin))
    dependencies = await MultiGet(
        Get(
            StoreDerivation,
            StorePackageRequest(address, f"{store_target.subject}: `dependencies`"),
        )
        for address in store_target.dependencies
    )
    kind = kind_of(store_target.target, union_membership[DeriveRequest])
    derivation = await Get(Derivation, DeriveRequest, kind(store_target, dependencies))
    try:
        path = derivation.store_path()
    except LadingError as error:
        raise about(store_target.subject, error) from error
    return StoreDerivation(store_target, derivation, path)
