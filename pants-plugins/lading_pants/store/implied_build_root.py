"""The build root of a package that does not name one, as an inferred dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.target import FieldSet, InferDependenciesRequest, InferredDependencies
from pants.engine.unions import UnionRule

from lading_pants.engine.lading import LadingSubsystem
from lading_pants.store.override import OverrideChain, OverrideChainRequest
from lading_pants.store.store_package import find_build_root
from lading_pants.store.store_package_target import BuildRootField


@dataclass(frozen=True)
class BuildRootFieldSet(FieldSet):
    required_fields = (BuildRootField,)

    build_root: BuildRootField


class InferBuildRoot(InferDependenciesRequest[BuildRootFieldSet]):
    infer_from = BuildRootFieldSet


@rule
async def infer_build_root(
    request: InferBuildRoot, lading: LadingSubsystem
) -> InferredDependencies:
    # A build root that is named is already a dependency, because its field contains addresses.
    chain = await Get(OverrideChain, OverrideChainRequest(request.field_set.address))
    field = chain.field(BuildRootField)
    if field.value:
        return InferredDependencies(())
    return InferredDependencies((await find_build_root(field, lading),))


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), UnionRule(InferDependenciesRequest, InferBuildRoot)]
