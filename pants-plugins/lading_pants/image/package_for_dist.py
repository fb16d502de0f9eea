"""Whether anybody other than the goal `package` uses the files of a package."""

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
from pants.engine.rules import Get, MultiGet, rule
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

# Set by `./pants`. $PWD may be stale: it can belong to an ancestor of the calling process.
_DIRECTORY = "LADING_PWD"


@dataclass(frozen=True)
class PackageForDistRequest:
    address: Address


@dataclass(frozen=True)
class PackageForDist:
    """`alone` means that only the goal `package` asks for the package, and only for dist/."""

    alone: bool


@dataclass(frozen=True)
class _NamedRequest:
    specs: Specs


@dataclass(frozen=True)
class _Named:
    """The targets that the goal packages, and the targets whose packages others may use: those that
    targets other than images name, those in `files` of images, and those whose files collide with
    others in dist/, which Pants reports."""

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
        # In a container or on another machine there is no dist/.
        return PackageForDist(alone=False)
    if not goals.package_only or not requested.words:
        # Without specs, options such as `--changed-since` decide what is packaged.
        return PackageForDist(alone=False)
    if not all(word.lstrip("-").startswith("//") for word in requested.words):
        # Relative specs depend on the user's directory, which Pants does not reveal, but the script
        # `./pants` does.
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
        # Pants must report what is wrong with them.
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
    """Those whose files have the same paths as others' files, or lie inside of others' files, which
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
    """The file names that a package with this path may get: endings are added to it, or
    replaced."""
    return PurePosixPath(path), PurePosixPath(os.path.splitext(path)[0])
