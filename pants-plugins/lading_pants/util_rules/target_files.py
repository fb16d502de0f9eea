"""The files of any target: its sources, what is generated of them, or what it is packaged as."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pants.core.goals.package import BuiltPackage, PackageFieldSet
from pants.core.target_types import FileSourceField
from pants.engine.addresses import Address
from pants.engine.fs import Digest, DigestEntries, MergeDigests, RemovePrefix
from pants.engine.rules import Get, MultiGet, collect_rules, rule
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
from pants.engine.unions import UnionMembership


@dataclass(frozen=True)
class TargetFilesRequest:
    """The files of the target at an address, which `origin` named."""

    address: Address
    origin: str


@dataclass(frozen=True)
class TargetFiles:
    """Sources are relative to the directory of the target's BUILD file; what is generated has the
    paths that its target says; of a package, its files or what is in its directory."""

    digest: Digest


@dataclass(frozen=True)
class _SourcesRequest:
    target: Target


@dataclass(frozen=True)
class _PackageRequest:
    target: Target


@rule
async def find_target_files(request: TargetFilesRequest) -> TargetFiles:
    wrapped = await Get(
        WrappedTarget, WrappedTargetRequest(request.address, description_of_origin=request.origin)
    )
    if wrapped.target.has_field(SourcesField):
        return await Get(TargetFiles, _SourcesRequest(wrapped.target))
    return await Get(TargetFiles, _PackageRequest(wrapped.target))


@rule
async def find_sources(request: _SourcesRequest, unions: UnionMembership) -> TargetFiles:
    sources, address = request.target[SourcesField], request.target.address
    if _is_generated(sources, unions):
        generated = await Get(
            HydratedSources,
            HydrateSourcesRequest(
                sources, for_sources_types=(FileSourceField,), enable_codegen=True
            ),
        )
        return TargetFiles(generated.snapshot.digest)
    hydrated = await Get(HydratedSources, HydrateSourcesRequest(sources))
    if not hydrated.snapshot.files:
        return TargetFiles(hydrated.snapshot.digest)
    digest = await Get(Digest, RemovePrefix(hydrated.snapshot.digest, address.spec_path))
    return TargetFiles(digest)


def _is_generated(sources: SourcesField, unions: UnionMembership) -> bool:
    return any(
        isinstance(sources, generator.input) and issubclass(generator.output, FileSourceField)
        for generator in unions.get(GenerateSourcesRequest)
    )


@rule
async def find_packages(request: _PackageRequest) -> TargetFiles:
    applicable = await Get(
        FieldSetsPerTarget, FieldSetsPerTargetRequest(PackageFieldSet, [request.target])
    )
    built = await MultiGet(
        Get(BuiltPackage, PackageFieldSet, field_set) for field_set in applicable.field_sets
    )
    stripped = []
    for package in built:
        entries = await Get(DigestEntries, Digest, package.digest)
        artifacts = [artifact.relpath for artifact in package.artifacts if artifact.relpath]
        files = {entry.path for entry in entries}
        # A directory stands for what is in it.
        prefixes = {path if path not in files else os.path.dirname(path) for path in artifacts}
        prefix = prefixes.pop() if len(prefixes) == 1 else ""
        stripped.append(await Get(Digest, RemovePrefix(package.digest, prefix)))
    return TargetFiles(await Get(Digest, MergeDigests(stripped)))


def rules():
    return collect_rules()
