"""`override`: a package that differs from another one only in some fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Type, TypeVar

from pants.engine.addresses import Address, Addresses
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.target import (
    DependenciesRequest,
    Field,
    FieldSet,
    InferDependenciesRequest,
    InferredDependencies,
    Target,
    WrappedTarget,
    WrappedTargetRequest,
)
from pants.engine.unions import UnionRule

from lading_pants.engine.named_address import NamedAddress, NamedAddressRequest
from lading_pants.errors import TargetError
from lading_pants.store.store_package_target import (
    ExtendField,
    OverrideField,
    StoreDependenciesField,
    StorePackageTarget,
)

_Field = TypeVar("_Field", bound=Field)


@dataclass(frozen=True)
class OverrideChainRequest:
    """The `store_package` at an address, and all targets that its fields may come from."""

    address: Address


@dataclass(frozen=True)
class OverrideChain:
    """A target, the one that it overrides, the one that this overrides, and so on.

    A field belongs to the target that sets it, and relative addresses and file names in it are
    relative to that target.
    """

    targets: tuple[Target, ...]

    def field(self, field_type: Type[_Field]) -> _Field:
        """The field of the first target that sets it, or else of the first target."""
        for target in self.targets:
            if target[field_type].value is not None:
                return target[field_type]
        return self.targets[0][field_type]

    def fields(self, field_type: Type[_Field]) -> tuple[_Field, ...]:
        """All fields that contribute, the overridden target's first; none if no target sets the
        field."""
        return tuple(reversed(tuple(self._from_the_top(field_type))))

    def _from_the_top(self, field_type: Type[_Field]) -> Iterator[_Field]:
        for target in self.targets:
            field = target[field_type]
            if field.value is not None:
                yield field
                if field.alias not in (target[ExtendField].value or ()):
                    return


@dataclass(frozen=True)
class OverrideFieldSet(FieldSet):
    required_fields = (OverrideField, StoreDependenciesField)

    override: OverrideField
    dependencies: StoreDependenciesField
    extend: ExtendField


class InferInheritedDependencies(InferDependenciesRequest[OverrideFieldSet]):
    infer_from = OverrideFieldSet


@rule
async def find_override_chain(request: OverrideChainRequest) -> OverrideChain:
    wrapped = await Get(
        WrappedTarget,
        WrappedTargetRequest(request.address, description_of_origin="the engine"),
    )
    chain = [wrapped.target]
    while overridden := chain[-1][OverrideField].value:
        last = chain[-1]
        origin = f"`{last.alias}` {last.address}: `override`"
        named = await Get(NamedAddress, NamedAddressRequest(overridden[0], last.address, origin))
        _check_circle(chain, named.address)
        wrapped = await Get(
            WrappedTarget, WrappedTargetRequest(named.address, description_of_origin=origin)
        )
        if not wrapped.target.has_field(OverrideField):
            raise TargetError(
                f"{origin} names {named.address}, which is a `{wrapped.target.alias}` target: "
                f"only a `{StorePackageTarget.alias}` can be overridden."
            )
        chain.append(wrapped.target)
    return OverrideChain(tuple(chain))


def _check_circle(chain: list[Target], address: Address) -> None:
    addresses = [target.address for target in chain]
    if address in addresses:
        circle = " -> ".join(map(str, [*addresses[addresses.index(address) :], address]))
        raise TargetError(
            f"`{chain[0].alias}` {addresses[0]}: `override` forms a cycle: {circle}. Remove "
            "`override` from one of these packages."
        )


@rule
async def infer_inherited_dependencies(request: InferInheritedDependencies) -> InferredDependencies:
    field_set = request.field_set
    chain = await Get(OverrideChain, OverrideChainRequest(field_set.address))
    inherits = field_set.dependencies.value is None or field_set.dependencies.alias in (
        field_set.extend.value or ()
    )
    if len(chain.targets) == 1 or not inherits:
        return InferredDependencies(())
    overridden = chain.targets[1][StoreDependenciesField]
    return InferredDependencies(await Get(Addresses, DependenciesRequest(overridden)))


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), UnionRule(InferDependenciesRequest, InferInheritedDependencies)]
