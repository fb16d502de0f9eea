"""The files of any target: its sources, files generated from them, or its package."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Iterable

from pants.core.goals.package import BuiltPackage, PackageFieldSet
from pants.core.target_types import (
    FileSourceField,
    RelocatedFilesSourcesField,
    ResourceSourceField,
)
from pants.engine.addresses import Address
from pants.engine.fs import Digest, DigestEntries, MergeDigests, RemovePrefix
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import (
    FieldSetsPerTarget,
    FieldSetsPerTargetRequest,
    GenerateSourcesRequest,
    HydratedSources,
    HydrateSourcesRequest,
    SourcesField,
    Target,
    WrappedTarget,
    WrappedTargetRequest,
)
from pants.engine.unions import UnionMembership, UnionRule

from lading_pants.engine.requested_goals import RequestedGoals
from lading_pants.store import source_links
from lading_pants.store.source_links import linked_sources

_FILES = (FileSourceField, ResourceSourceField)


@dataclass(frozen=True)
class TargetFilesRequest:
    """The files of the target at an address, which `origin` named."""

    address: Address
    origin: str


@dataclass(frozen=True)
class TargetFiles:
    """Sources, links among them, and files that commands create in the directory are relative to
    the directory of the target's BUILD file. `relocated_files` have their declared paths. A package
    has its files, or the files in its directory."""

    digest: Digest


async def _sources(target: Target, origin: str) -> Digest:
    sources, directory = target[SourcesField], target.address.spec_path
    is_generated = _is_generated(sources, await Get(UnionMembership))
    if is_generated:
        wanted = HydrateSourcesRequest(sources, for_sources_types=_FILES, enable_codegen=True)
    else:
        wanted = HydrateSourcesRequest(sources)
    files = (await Get(HydratedSources, HydrateSourcesRequest, wanted)).snapshot
    digest = files.digest
    if not is_generated:
        digest = await linked_sources(sources, files, origin)
    is_relative = all(path.startswith(f"{directory}/") for path in files.files)
    if isinstance(sources, RelocatedFilesSourcesField) or not (is_relative and files.files):
        return digest
    return await Get(Digest, RemovePrefix(digest, directory))


def _is_generated(sources: SourcesField, unions: UnionMembership) -> bool:
    return any(
        isinstance(sources, generator.input) and issubclass(generator.output, _FILES)
        for generator in unions.get(GenerateSourcesRequest)
    )


async def _packages(target: Target, origin: str) -> Digest:
    goals = await Get(RequestedGoals)
    goals.check_taken(target, origin)
    applicable = await Get(FieldSetsPerTarget, FieldSetsPerTargetRequest(PackageFieldSet, [target]))
    built = await MultiGet(
        Get(BuiltPackage, PackageFieldSet, field_set) for field_set in applicable.field_sets
    )
    stripped = []
    for package in built:
        entries = await Get(DigestEntries, Digest, package.digest)
        artifacts = [artifact.relpath for artifact in package.artifacts if artifact.relpath]
        files = {entry.path for entry in entries}
        # A directory stands for its content.
        prefixes = {path if path not in files else os.path.dirname(path) for path in artifacts}
        prefix = prefixes.pop() if len(prefixes) == 1 else ""
        stripped.append(await Get(Digest, RemovePrefix(package.digest, prefix)))
    return await Get(Digest, MergeDigests(stripped))


@rule
async def find_target_files(request: TargetFilesRequest) -> TargetFiles:
    wrapped = await Get(
        WrappedTarget, WrappedTargetRequest(request.address, description_of_origin=request.origin)
    )
    if wrapped.target.has_field(SourcesField):
        return TargetFiles(await _sources(wrapped.target, request.origin))
    return TargetFiles(await _packages(wrapped.target, request.origin))


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), *collect_rules(source_links)]
