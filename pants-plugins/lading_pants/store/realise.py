"""From derivations to store packages: what is built, and what is in a closure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Mapping

from pants.engine.addresses import Address
from pants.engine.environment import EnvironmentName
from pants.engine.fs import (
    AddPrefix,
    Digest,
    DigestContents,
    DigestEntries,
    DigestSubset,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.engine.unions import UnionMembership, union

from lading.store.closure import ReferenceRules, closure_of
from lading.store.package import StorePackage
from lading.values.errors import LadingError
from lading.values.json_codec import from_json
from lading.values.path import StorePath
from lading_pants.engine.file_digests import file_digests
from lading_pants.errors import TargetError, about
from lading_pants.store.derivation import (
    KindRequest,
    StoreDerivation,
    StorePackageRequest,
    check_dependencies,
    kind_of,
)

#: The files of a built package.
SEGMENT_FILE, PACKAGE_FILE, MEMBERS_FILE = "segment.tar", "package.json", "members.json"


@dataclass(frozen=True)
class StorePackagesRequest:
    """The store packages at the addresses, which `origin` named: their paths, or their closure."""

    addresses: tuple[Address, ...]
    origin: str


@dataclass(frozen=True)
class StorePaths:
    """Store paths and versions in the order of the addresses. Nothing has been fetched or built."""

    paths: tuple[StorePath, ...]
    versions: tuple[str, ...]


@dataclass(frozen=True)
class ClosureMember:
    """A built package. `digest` has `SEGMENT_FILE`, `PACKAGE_FILE` and `MEMBERS_FILE`."""

    package: StorePackage
    digest: Digest

    @property
    def directory(self) -> str:
        """The directory of its files in programs."""
        return f"inputs/{self.package.path.base}"


@dataclass(frozen=True)
class PlacedFilesRequest:
    """One file of each of the packages, such as `SEGMENT_FILE`."""

    members: tuple[ClosureMember, ...]
    file: str


@dataclass(frozen=True)
class PlacedFiles:
    """The files, each in its package's `directory`."""

    digest: Digest


@dataclass(frozen=True)
class RealisedPackage:
    """A built package, its name without version, and its closure, including itself, sorted by store
    path. Ask for `StorePaths` first, which finds cycles."""

    name: str
    member: ClosureMember
    closure: tuple[ClosureMember, ...]


@dataclass(frozen=True)
class StoreClosure:
    """`roots` in the order of the addresses; `members` sorted by store path."""

    roots: tuple[ClosureMember, ...]
    members: tuple[ClosureMember, ...]


@dataclass(frozen=True)
class BuildInputsRequest:
    """The part of the store that a build may use: its dependencies, built."""

    built: StoreDerivation


@dataclass(frozen=True)
class BuildInputs:
    """`dependencies` are in their order. `closure` has these in the same order, followed by what
    they need at run time, sorted by store path."""

    dependencies: tuple[RealisedPackage, ...]
    closure: tuple[ClosureMember, ...]


@union(in_scope_types=[EnvironmentName])
@dataclass(frozen=True)
class BuildRequest(KindRequest):
    """The build of a store package."""

    built: StoreDerivation


@dataclass(frozen=True)
class BuildResult:
    """`digest` has `SEGMENT_FILE`, `PACKAGE_FILE` and `MEMBERS_FILE`; the closure must obey the
    rules."""

    digest: Digest
    rules: ReferenceRules


@rule
async def find_store_paths(request: StorePackagesRequest) -> StorePaths:
    await check_dependencies(request.addresses, request.origin)
    found = await MultiGet(
        Get(StoreDerivation, StorePackageRequest(address, request.origin))
        for address in request.addresses
    )
    return StorePaths(
        tuple(package.path for package in found),
        tuple(package.derivation.version for package in found),
    )


@rule
async def place_files(request: PlacedFilesRequest) -> PlacedFiles:
    files = await MultiGet(
        Get(Digest, DigestSubset(member.digest, PathGlobs([request.file])))
        for member in request.members
    )
    placed = await MultiGet(
        Get(Digest, AddPrefix(file, member.directory))
        for file, member in zip(files, request.members)
    )
    return PlacedFiles(await Get(Digest, MergeDigests(placed)))


@rule
async def realise_closure(request: StorePackagesRequest) -> StoreClosure:
    await Get(StorePaths, StorePackagesRequest, request)
    packages = await MultiGet(
        Get(RealisedPackage, StorePackageRequest(address, request.origin))
        for address in request.addresses
    )
    members = {member.package.path: member for package in packages for member in package.closure}
    return StoreClosure(
        roots=tuple(package.member for package in packages),
        members=tuple(members[path] for path in sorted(members)),
    )


@rule
async def find_build_inputs(request: BuildInputsRequest) -> BuildInputs:
    target = request.built.target
    packages = await MultiGet(
        Get(RealisedPackage, StorePackageRequest(address, f"{target.subject}: `dependencies`"))
        for address in target.dependencies
    )
    return BuildInputs(packages, _input_closure(packages))


@rule
async def realise(
    request: StorePackageRequest, union_membership: UnionMembership
) -> RealisedPackage:
    built = await Get(StoreDerivation, StorePackageRequest, request)
    kind = kind_of(built.target.target, union_membership[BuildRequest])
    inputs, result = await MultiGet(
        Get(BuildInputs, BuildInputsRequest(built)), Get(BuildResult, BuildRequest, kind(built))
    )
    description, entries = await MultiGet(
        Get(DigestContents, DigestSubset(result.digest, PathGlobs([PACKAGE_FILE]))),
        Get(DigestEntries, Digest, result.digest),
    )
    package = from_json(StorePackage, description[0].content.decode("utf-8"))
    check_result(built, package, file_digests(entries))
    member = ClosureMember(package, result.digest)
    closure = _run_time_closure(member, inputs.closure)
    try:
        result.rules.check(package, [entry.package for entry in closure])
    except LadingError as error:
        raise about(built.target.subject, error) from error
    return RealisedPackage(built.derivation.name, member, closure)


def check_result(built: StoreDerivation, package: StorePackage, files: Mapping[str, str]) -> None:
    """Raises `TargetError` if `package` does not describe what was built and what lies beside it in
    `files` (name to digest). Somebody with write access to a remote cache can cause this."""
    if (package.path, package.segment_sha256) != (built.path, files.get(SEGMENT_FILE)):
        raise TargetError(
            f"{built.target.subject}: a cache of Pants has a result that does not come from a "
            f"build: it claims to be {package.path}, with the segment {package.segment_sha256}. "
            "Run this with `--no-remote-cache-read --no-local-cache`, and have the remote cache "
            "cleared."
        )


def _input_closure(dependencies: Iterable[RealisedPackage]) -> tuple[ClosureMember, ...]:
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
