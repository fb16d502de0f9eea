"""From derivations to store packages: what is built, and what is in a closure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from pants.engine.addresses import Address, Addresses, UnparsedAddressInputs
from pants.engine.fs import (
    AddPrefix,
    CreateDigest,
    Digest,
    DigestContents,
    DigestSubset,
    FileContent,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import SpecialCasedDependencies
from pants.util.frozendict import FrozenDict

from lading.errors import LadingError
from lading.fetch.pinned_file import PinnedFile
from lading.store.closure import ReferenceRules, closure_of
from lading.store.environment import variable_name
from lading.store.package import StorePackage
from lading.store.path import StorePath
from lading.store.request import InputPackage, RealiseRequest
from lading.store.source import RequestedSource
from lading_pants.errors import about
from lading_pants.targets.store_package import (
    AllowedReferencesField,
    DisallowedReferencesField,
    MaxClosureSizeField,
)
from lading_pants.util_rules.bubblewrap import BundledBubblewrap
from lading_pants.util_rules.derivation import (
    REALISE,
    StoreDerivation,
    StoreDerivationRequest,
    StoreGraph,
    StoreGraphRequest,
)
from lading_pants.util_rules.fetch import FetchedFiles, FetchRequest
from lading_pants.util_rules.program import ProgramRequest, ProgramResult
from lading_pants.util_rules.source import StoreSource

#: The files of a realised package.
SEGMENT_FILE, PACKAGE_FILE, MEMBERS_FILE = "segment.tar", "package.json", "members.json"


@dataclass(frozen=True)
class StorePathsRequest:
    """The store paths of the packages at the addresses, which `origin` named."""

    addresses: tuple[Address, ...]
    origin: str


@dataclass(frozen=True)
class StorePaths:
    """Store paths in the order of the addresses. Nothing has been fetched or built."""

    paths: tuple[StorePath, ...]


@dataclass(frozen=True)
class RealisedPackageRequest:
    """The built package at an address. Ask for `StorePaths` first, which finds cycles."""

    address: Address
    origin: str


@dataclass(frozen=True)
class ClosureMember:
    """A built package. `digest` holds `SEGMENT_FILE`, `PACKAGE_FILE` and `MEMBERS_FILE`."""

    package: StorePackage
    digest: Digest


@dataclass(frozen=True)
class RealisedPackage:
    """A built package, its name without version, and its closure, itself included, sorted by
    store path."""

    name: str
    member: ClosureMember
    closure: tuple[ClosureMember, ...]


@dataclass(frozen=True)
class RealisedPackagesRequest:
    """The built packages at the addresses, side by side."""

    addresses: tuple[Address, ...]
    origin: str


@dataclass(frozen=True)
class RealisedPackages:
    """In the order of the addresses."""

    packages: tuple[RealisedPackage, ...]


@dataclass(frozen=True)
class StoreClosureRequest:
    """What the packages at the addresses, which `origin` named, need at run time."""

    addresses: tuple[Address, ...]
    origin: str


@dataclass(frozen=True)
class StoreClosure:
    """`roots` in the order of the addresses; `members` sorted by store path."""

    roots: tuple[ClosureMember, ...]
    members: tuple[ClosureMember, ...]


@dataclass(frozen=True)
class _BuildFilesRequest:
    built: StoreDerivation


@dataclass(frozen=True)
class _BuildFiles:
    """A build's sources and patches where its request says, and what is linked in beside."""

    digest: Digest
    immutable: FrozenDict[str, Digest]


@dataclass(frozen=True)
class _ReferenceRulesRequest:
    built: StoreDerivation


@dataclass(frozen=True)
class _NamedPathsRequest:
    """The store paths of the packages that a field names."""

    field: SpecialCasedDependencies


@rule
async def find_store_paths(request: StorePathsRequest) -> StorePaths:
    await Get(StoreGraph, StoreGraphRequest(request.addresses, request.origin))
    derivations = await MultiGet(
        Get(StoreDerivation, StoreDerivationRequest(address, request.origin))
        for address in request.addresses
    )
    return StorePaths(tuple(derivation.path for derivation in derivations))


@rule
async def realise_packages(request: RealisedPackagesRequest) -> RealisedPackages:
    return RealisedPackages(
        await MultiGet(
            Get(RealisedPackage, RealisedPackageRequest(address, request.origin))
            for address in request.addresses
        )
    )


@rule
async def realise_closure(request: StoreClosureRequest) -> StoreClosure:
    await Get(StorePaths, StorePathsRequest(request.addresses, request.origin))
    realised = await Get(
        RealisedPackages, RealisedPackagesRequest(request.addresses, request.origin)
    )
    members = {
        member.package.path: member for package in realised.packages for member in package.closure
    }
    return StoreClosure(
        roots=tuple(package.member for package in realised.packages),
        members=tuple(members[path] for path in sorted(members)),
    )


@rule
async def realise(request: RealisedPackageRequest) -> RealisedPackage:
    built = await Get(StoreDerivation, StoreDerivationRequest(request.address, request.origin))
    rules, realised, files, bubblewrap = await MultiGet(
        Get(ReferenceRules, _ReferenceRulesRequest(built)),
        Get(
            RealisedPackages,
            RealisedPackagesRequest(
                built.target.dependencies, f"{built.target.subject}: `dependencies`"
            ),
        ),
        Get(_BuildFiles, _BuildFilesRequest(built)),
        Get(BundledBubblewrap),
    )
    dependencies = realised.packages
    inputs = _input_closure(dependencies)
    segments = await MultiGet(
        Get(Digest, AddPrefix(member.digest, _directory(member))) for member in inputs
    )
    content = _request(built, dependencies, inputs).to_json().encode("utf-8")
    request_file = await Get(Digest, CreateDigest([FileContent("request.json", content)]))
    digest = await Get(Digest, MergeDigests((request_file, files.digest, *segments)))
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module=REALISE,
            arguments=("request.json",),
            inputs=digest,
            immutable_inputs=files.immutable,
            output_files=(SEGMENT_FILE, PACKAGE_FILE, MEMBERS_FILE),
            append_only_caches=bubblewrap.caches,
            description=f"Building {built.derivation.store_name}",
            subject=built.target.subject,
        ),
    )
    description = await Get(DigestContents, DigestSubset(result.digest, PathGlobs([PACKAGE_FILE])))
    package = StorePackage.from_json(description[0].content.decode("utf-8"))
    member = ClosureMember(package, result.digest)
    closure = _run_time_closure(member, inputs)
    try:
        rules.check(package, [entry.package for entry in closure])
    except LadingError as error:
        raise about(built.target.subject, error) from error
    return RealisedPackage(built.derivation.name, member, closure)


def _directory(member: ClosureMember) -> str:
    return f"inputs/{member.package.path.base}"


def _input_closure(dependencies: Iterable[RealisedPackage]) -> tuple[ClosureMember, ...]:
    """Direct dependencies in their order, then what these need at run time, by store path."""
    direct = {entry.member.package.path: entry.member for entry in dependencies}
    rest = {
        member.package.path: member
        for entry in dependencies
        for member in entry.closure
        if member.package.path not in direct
    }
    return (*direct.values(), *(rest[path] for path in sorted(rest)))


def _run_time_closure(
    member: ClosureMember, inputs: Iterable[ClosureMember]
) -> tuple[ClosureMember, ...]:
    by_path = {entry.package.path: entry for entry in (*inputs, member)}
    packages = {path: entry.package for path, entry in by_path.items()}
    return tuple(by_path[package.path] for package in closure_of([member.package.path], packages))


def _request(
    built: StoreDerivation,
    dependencies: Iterable[RealisedPackage],
    inputs: Iterable[ClosureMember],
) -> RealiseRequest:
    variables = {entry.member.package.path: variable_name(entry.name) for entry in dependencies}
    return RealiseRequest(
        path=built.path,
        script=built.derivation.script,
        env=dict(built.derivation.env),
        strip=built.derivation.strip,
        source=_requested(built.source, "source") if built.source else None,
        further_sources=tuple(
            _requested(source, f"sources/{index}")
            for index, source in enumerate(built.further_sources)
        ),
        patches=tuple(
            RequestedSource(identity.name, f"patches/{path}")
            for identity, path in zip(built.patches.identities, built.patches.paths)
        ),
        inputs=tuple(
            InputPackage(
                path=member.package.path,
                segment=f"{_directory(member)}/{SEGMENT_FILE}",
                sha256=member.package.segment_sha256,
                direct=member.package.path in variables,
                variable=variables.get(member.package.path, ""),
            )
            for member in inputs
        ),
        debs={file.sha256.hex: f"debs/{file.name}" for file in built.build_root.files},
        alternatives=built.build_root.alternatives,
    )


def _requested(source: StoreSource, directory: str) -> RequestedSource:
    path = directory if source.is_tree else f"{directory}/{source.identity.name}"
    return RequestedSource(source.identity.name, path, source.is_tree, source.executables)


@rule
async def lay_out_build_files(request: _BuildFilesRequest) -> _BuildFiles:
    built = request.built
    sources = {f"sources/{index}": source for index, source in enumerate(built.further_sources)}
    if built.source:
        sources["source"] = built.source
    debs = built.build_root.files
    fetched_debs, *fetched = await MultiGet(
        Get(FetchedFiles, FetchRequest(files, description, built.target.subject))
        for files, description in (
            (debs, f"Fetching {len(debs)} Debian packages of the build root"),
            *((_pinned(source), f"Fetching {source.identity.name}") for source in sources.values()),
        )
    )
    digests = await MultiGet(
        Get(Digest, AddPrefix(source.digest or files.digest, directory))
        for (directory, source), files in zip(sources.items(), fetched)
    )
    patches = await Get(Digest, AddPrefix(built.patches.digest, "patches"))
    digest = await Get(Digest, MergeDigests((*digests, patches)))
    return _BuildFiles(digest, FrozenDict({"debs": fetched_debs.digest}))


def _pinned(source: StoreSource) -> tuple[PinnedFile, ...]:
    return (source.pinned,) if source.pinned else ()


@rule
async def find_reference_rules(request: _ReferenceRulesRequest) -> ReferenceRules:
    target = request.built.target.target
    allowed_field = target[AllowedReferencesField]
    allowed, disallowed = await MultiGet(
        Get(StorePaths, _NamedPathsRequest(allowed_field)),
        Get(StorePaths, _NamedPathsRequest(target[DisallowedReferencesField])),
    )
    return ReferenceRules(
        allowed=None if allowed_field.value is None else allowed.paths,
        disallowed=disallowed.paths,
        max_closure_size=target[MaxClosureSizeField].value,
    )


@rule
async def find_named_paths(request: _NamedPathsRequest) -> StorePaths:
    if not request.field.value:
        return StorePaths(())
    addresses = await Get(
        Addresses, UnparsedAddressInputs, request.field.to_unparsed_address_inputs()
    )
    origin = f"{request.field.address}: `{request.field.alias}`"
    return await Get(StorePaths, StorePathsRequest(tuple(addresses), origin))


def rules():
    return collect_rules()
