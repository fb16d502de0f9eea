"""Whether somebody besides the goal `package` takes the files of a package."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pants.base.build_root import BuildRoot
from pants.base.glob_match_error_behavior import GlobMatchErrorBehavior
from pants.base.specs import Specs
from pants.base.specs_parser import SpecsParser
from pants.build_graph.address import ResolveError
from pants.core.goals.package import OutputPathField, PackageFieldSet
from pants.core.util_rules.environments import CompatiblePlatformsField, EnvironmentTarget
from pants.engine.addresses import Address, Addresses
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import (
    Dependencies,
    DependenciesRequest,
    FieldSetsPerTarget,
    FieldSetsPerTargetRequest,
    Targets,
    TransitiveTargets,
    TransitiveTargetsRequest,
)
from pants.option.global_options import GlobalOptions

from lading_pants.engine.requested_goals import RequestedGoals, RequestedSpecs
from lading_pants.image.image_references import (
    ImageFieldSet,
    ImageReferences,
    ImageReferencesRequest,
)

# Set by `./pants`. A shell's PWD may be that of who called who called Pants.
_DIRECTORY = "LADING_PWD"


@dataclass(frozen=True)
class PackageForDistRequest:
    address: Address


@dataclass(frozen=True)
class PackageForDist:
    """`alone` if nobody but the goal `package` asks for the package, which does so for dist/."""

    alone: bool


@dataclass(frozen=True)
class _NamedRequest:
    specs: Specs


@dataclass(frozen=True)
class _Named:
    """The targets that the goal packages; and those of which others take the package, for all
    that is known: what other targets than images name, what is in `files` of images, and what is in
    the way of others in dist/, which Pants tells the user."""

    packaged: frozenset[Address]
    taken: frozenset[Address]


@rule
async def find_whether_for_dist(
    request: PackageForDistRequest,
    goals: RequestedGoals,
    requested: RequestedSpecs,
    build_root: BuildRoot,
    environment: EnvironmentTarget,
    options: GlobalOptions,
) -> PackageForDist:
    is_local = environment.val is None or environment.val.has_field(CompatiblePlatformsField)
    if not is_local or options.remote_execution:
        # A container, or another machine, where dist/ is not.
        return PackageForDist(alone=False)
    if not goals.package_only or not requested.words:
        # Without specs it is options that tell what is packaged, such as `--changed-since`.
        return PackageForDist(alone=False)
    if not all(word.lstrip("-").startswith("//") for word in requested.words):
        # They are relative to where the user is, which Pants tells nobody, but our script does.
        variables = await Get(EnvironmentVars, EnvironmentVarsRequest([_DIRECTORY]))
        if not _is_same(variables.get(_DIRECTORY), build_root.path):
            return PackageForDist(alone=False)
    try:
        specs = SpecsParser().parse_specs(
            requested.words,
            description_of_origin="the command line",
            unmatched_glob_behavior=GlobMatchErrorBehavior.ignore,
        )
        named = await Get(_Named, _NamedRequest(specs))
    except (SpecsParser.BadSpecError, ResolveError):
        # Pants is to tell what is wrong with them.
        return PackageForDist(alone=False)
    address = request.address
    return PackageForDist(address in named.packaged and address not in named.taken)


def _is_same(directory: str | None, other: str) -> bool:
    return directory is not None and Path(directory).resolve() == Path(other).resolve()


@rule
async def find_named(request: _NamedRequest) -> _Named:
    targets = await Get(Targets, Specs, request.specs)
    field_sets = await Get(FieldSetsPerTarget, FieldSetsPerTargetRequest(PackageFieldSet, targets))
    packaged = [target.address for target, found in zip(targets, field_sets.collection) if found]
    reached = await Get(
        TransitiveTargets, TransitiveTargetsRequest(packaged, include_special_cased_deps=True)
    )
    named = await MultiGet(
        Get(
            Addresses,
            DependenciesRequest(target.get(Dependencies), include_special_cased_deps=True),
        )
        for target in reached.closure
        if not ImageFieldSet.is_applicable(target)
    )
    references = await MultiGet(
        Get(ImageReferences, ImageReferencesRequest(ImageFieldSet.create(target)))
        for target in reached.closure
        if ImageFieldSet.is_applicable(target)
    )
    taken = {address for addresses in named for address in addresses}
    taken.update(address for found in references for address in found.sources.values())
    return _Named(frozenset(packaged), frozenset(taken | _in_the_way(targets)))


def _in_the_way(targets: Targets) -> set[Address]:
    """Those that are to become the same files as others, or files in what others become, which
    Pants removes before it writes."""
    paths = {
        target.address: target[OutputPathField].value_or_default(file_ending="tar")
        for target in targets
        if target.has_field(OutputPathField)
    }
    becoming = defaultdict(set)
    for address, path in paths.items():
        for name in _names(path):
            becoming[name].add(address)
    return {
        address
        for address, path in paths.items()
        if any(becoming[name] != {address} for name in _names(path))
        or any(parent in becoming for parent in PurePosixPath(path).parents)
    }


def _names(path: str) -> tuple[PurePosixPath, PurePosixPath]:
    """What may become of a package with the path: endings are added to it, or changed."""
    return PurePosixPath(path), PurePosixPath(os.path.splitext(path)[0])


def rules():
    return collect_rules()
