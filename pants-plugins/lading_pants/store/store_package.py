"""`store_package` as a kind of store package: its derivation, and its build in a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional

from pants.build_graph.address import ResolveError
from pants.engine.addresses import Address, Addresses, UnparsedAddressInputs
from pants.engine.fs import AddPrefix, Digest, MergeDigests
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import IntField, SpecialCasedDependencies
from pants.engine.unions import UnionRule
from pants.util.frozendict import FrozenDict

from lading.fetch.pinned_file import PinnedFile
from lading.namespaces.limits import LIMITS_DIR, LIMITS_FILE, Limits
from lading.runtime.program_files import program_fingerprint
from lading.store.build.chosen_sandbox import SANDBOX_FILE
from lading.store.build.environment import variable_name
from lading.store.closure import ReferenceRules
from lading.store.derivation import Derivation
from lading.store.request import InputPackage, RealiseRequest
from lading.store.source import RequestedSource
from lading.values.counted import counted
from lading.values.field_text import unindented
from lading.values.json_codec import to_json
from lading.values.path import StorePath
from lading_pants.debian.debian import BuildRoot, BuildRootRequest
from lading_pants.engine.bubblewrap import BundledBubblewrap
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.engine.machine import NotedFiles, NotedFilesRequest
from lading_pants.engine.platform import BuildPlatform
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.errors import TargetError
from lading_pants.fetch.fetch import FetchedFiles, FetchFilesRequest
from lading_pants.store.derivation import DeriveRequest, StoreDerivation, StoreTarget
from lading_pants.store.override import OverrideChain, OverrideChainRequest
from lading_pants.store.realise import (
    MEMBERS_FILE,
    PACKAGE_FILE,
    SEGMENT_FILE,
    BuildInputs,
    BuildInputsRequest,
    BuildRequest,
    BuildResult,
    StorePackagesRequest,
    StorePaths,
)
from lading_pants.store.source import PatchFiles, PatchFilesRequest, StoreSource, StoreSourceRequest
from lading_pants.store.store_package_target import (
    AllowedReferencesField,
    BuildEnvField,
    BuildRootField,
    DisallowedReferencesField,
    FurtherSourcesField,
    MaxClosureSizeField,
    MaxDiskSizeField,
    MaxLogSizeField,
    PackageNameField,
    PatchesField,
    ScriptField,
    SourceField,
    StorePackageTarget,
    StripField,
    TimeoutField,
    VersionField,
)

#: The program that builds packages; its digest is part of every derivation.
REALISE = "lading.store.build.realise"

_BUILD_ROOT_OPTION = "the option `[lading].build_root`"


@dataclass(frozen=True)
class DerivePackage(DeriveRequest):
    marker = ScriptField


@dataclass(frozen=True)
class BuildPackage(BuildRequest):
    marker = ScriptField


@dataclass(frozen=True)
class PackageInputsRequest:
    target: StoreTarget


@dataclass(frozen=True)
class PackageInputs:
    """What a build needs besides its dependencies. Nothing has been fetched.

    `chain` has the fields; see `OverrideChain`.
    """

    chain: OverrideChain
    build_root: BuildRoot
    source: Optional[StoreSource]
    further_sources: tuple[StoreSource, ...]
    patches: PatchFiles


@dataclass(frozen=True)
class _BuildFilesRequest:
    inputs: PackageInputs


@dataclass(frozen=True)
class _BuildFiles:
    """A build's sources and patches at the paths in its request, and inputs that are linked beside
    them."""

    digest: Digest
    immutable: FrozenDict[str, Digest]


async def find_build_root(field: BuildRootField, lading: LadingSubsystem) -> Address:
    """The target that the field names, or else the option. Raises TargetError if the option names
    none, as by default outside of Lading's own repository."""
    if field.value:
        return (await Get(Addresses, UnparsedAddressInputs, field.to_unparsed_address_inputs()))[0]
    default = UnparsedAddressInputs(
        (lading.build_root,), owning_address=None, description_of_origin=_BUILD_ROOT_OPTION
    )
    try:
        return (await Get(Addresses, UnparsedAddressInputs, default))[0]
    except ResolveError as error:
        raise TargetError(
            f"{_BUILD_ROOT_OPTION} is {lading.build_root}, which does not exist. Declare a "
            "`build_root` (docs/packaging.md shows one), and set the option to its address."
        ) from error


@rule
async def find_package_inputs(
    request: PackageInputsRequest, lading: LadingSubsystem
) -> PackageInputs:
    target, subject = request.target.target, request.target.subject
    chain = await Get(OverrideChain, OverrideChainRequest(target.address))
    root_field = chain.field(BuildRootField)
    root_address = await find_build_root(root_field, lading)
    root_origin = f"{subject}: `build_root`" if root_field.value else _BUILD_ROOT_OPTION
    build_root, patches = await MultiGet(
        Get(BuildRoot, BuildRootRequest(root_address, root_origin)),
        Get(PatchFiles, PatchFilesRequest(chain.fields(PatchesField))),
    )
    sources = await MultiGet(
        Get(StoreSource, StoreSourceRequest(inputs, f"{subject}: `source`"))
        for inputs in _one_by_one(chain.field(SourceField))
    )
    further_sources = await MultiGet(
        Get(StoreSource, StoreSourceRequest(inputs, f"{subject}: `sources`"))
        for field in chain.fields(FurtherSourcesField)
        for inputs in _one_by_one(field)
    )
    _check_names(subject, further_sources)
    return PackageInputs(
        chain=chain,
        build_root=build_root,
        source=sources[0] if sources else None,
        further_sources=further_sources,
        patches=patches,
    )


def _one_by_one(field: SpecialCasedDependencies) -> tuple[UnparsedAddressInputs, ...]:
    """The field's addresses, one request for each, so that each source keeps its own identity."""
    return tuple(
        UnparsedAddressInputs(
            (value,),
            owning_address=field.address,
            description_of_origin=f"the `{field.alias}` field from the target {field.address}",
        )
        for value in field.value or ()
    )


def _check_names(subject: str, further_sources: Iterable[StoreSource]) -> None:
    names = [source.identity.name for source in further_sources]
    for name in names:
        if names.count(name) > 1:
            raise TargetError(
                f"{subject}: two of the `sources` would be $sources/{name}: give one of them "
                "another name."
            )


@rule
async def derive_package(request: DerivePackage, platform: BuildPlatform) -> Derivation:
    inputs = await Get(PackageInputs, PackageInputsRequest(request.target))
    chain = inputs.chain
    version = chain.field(VersionField).value
    if not version:
        overridden = ", nor in the package that `override` names" if len(chain.targets) > 1 else ""
        raise TargetError(
            f"{request.target.subject}: `version` is not set{overridden}: write the package's "
            "version."
        )
    return Derivation(
        name=chain.field(PackageNameField).value or chain.targets[-1].address.target_name,
        version=version,
        platform=platform.oci,
        script=unindented(chain.field(ScriptField).value or ""),
        env=_environment(chain),
        sources=(inputs.source.identity,) if inputs.source else (),
        further_sources=tuple(source.identity for source in inputs.further_sources),
        patches=inputs.patches.identities,
        dependencies=request.dependency_paths,
        build_root=inputs.build_root.hash,
        builder=program_fingerprint(REALISE),
        strip=chain.field(StripField).value or "all",
    )


def _environment(chain: OverrideChain) -> tuple[tuple[str, str], ...]:
    environment: dict[str, str] = {}
    for field in chain.fields(BuildEnvField):
        environment.update(field.value or {})
    return tuple(sorted(environment.items()))


async def _named_paths(fields: tuple[SpecialCasedDependencies, ...]) -> tuple[StorePath, ...]:
    """The store paths of the packages that the fields name."""
    fields = tuple(field for field in fields if field.value)
    named = await MultiGet(
        Get(Addresses, UnparsedAddressInputs, field.to_unparsed_address_inputs())
        for field in fields
    )
    stored = await MultiGet(
        Get(
            StorePaths,
            StorePackagesRequest(
                tuple(addresses), f"`{StorePackageTarget.alias}` {field.address}: `{field.alias}`"
            ),
        )
        for field, addresses in zip(fields, named)
    )
    return tuple(path for paths in stored for path in paths.paths)


async def _reference_rules(chain: OverrideChain) -> ReferenceRules:
    allowed = chain.fields(AllowedReferencesField)
    return ReferenceRules(
        allowed=await _named_paths(allowed) if allowed else None,
        disallowed=await _named_paths(chain.fields(DisallowedReferencesField)),
        max_closure_size=chain.field(MaxClosureSizeField).value,
    )


@rule
async def build_package(request: BuildPackage, lading: LadingSubsystem) -> BuildResult:
    built = request.built
    subject = built.target.subject
    package = await Get(PackageInputs, PackageInputsRequest(built.target))
    limits = _limits(package.chain, lading)
    rules = await _reference_rules(package.chain)
    inputs, files, bubblewrap, noted_limits = await MultiGet(
        Get(BuildInputs, BuildInputsRequest(built)),
        Get(_BuildFiles, _BuildFilesRequest(package)),
        Get(BundledBubblewrap),
        # Not in the request, which is part of the cache key.
        Get(
            NotedFiles,
            NotedFilesRequest(
                "lading_limits",
                FrozenDict({LIMITS_FILE: to_json(limits), SANDBOX_FILE: lading.sandbox.value}),
            ),
        ),
    )
    segments = await MultiGet(
        Get(Digest, AddPrefix(member.digest, member.directory)) for member in inputs.closure
    )
    digest = await Get(Digest, MergeDigests((files.digest, *segments)))
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module=REALISE,
            request=to_json(_request(built, package, inputs)),
            inputs=digest,
            immutable_inputs=files.immutable,
            output_files=(SEGMENT_FILE, PACKAGE_FILE, MEMBERS_FILE),
            append_only_caches=FrozenDict({**bubblewrap.caches, noted_limits.name: LIMITS_DIR}),
            description=f"Building {built.derivation.store_name}",
            subject=subject,
        ),
    )
    return BuildResult(result.digest, rules)


def _limits(chain: OverrideChain, lading: LadingSubsystem) -> Limits:
    def limit(field: type[IntField], option: str) -> int:
        return lading.limit(chain.field(field).value, option)

    return Limits(
        timeout=limit(TimeoutField, "build_timeout"),
        max_log_size=limit(MaxLogSizeField, "max_build_log_size"),
        max_disk_size=limit(MaxDiskSizeField, "max_build_disk_size"),
    )


def _request(built: StoreDerivation, package: PackageInputs, inputs: BuildInputs) -> RealiseRequest:
    variables = {
        entry.member.package.path: variable_name(entry.name) for entry in inputs.dependencies
    }
    return RealiseRequest(
        path=built.path,
        script=built.derivation.script,
        env=dict(built.derivation.env),
        strip=built.derivation.strip,
        source=_requested(package.source, "source") if package.source else None,
        further_sources=tuple(
            _requested(source, f"sources/{index}")
            for index, source in enumerate(package.further_sources)
        ),
        patches=tuple(
            RequestedSource(identity.name, f"patches/{path}")
            for identity, path in zip(package.patches.identities, package.patches.paths)
        ),
        inputs=tuple(
            InputPackage(
                path=member.package.path,
                segment=f"{member.directory}/{SEGMENT_FILE}",
                sha256=member.package.segment_sha256,
                direct=member.package.path in variables,
                variable=variables.get(member.package.path, ""),
            )
            for member in inputs.closure
        ),
        debs={file.sha256.hex: f"debs/{file.name}" for file in package.build_root.files},
        alternatives=package.build_root.alternatives,
    )


def _requested(source: StoreSource, directory: str) -> RequestedSource:
    path = directory if source.is_tree else f"{directory}/{source.identity.name}"
    return RequestedSource(source.identity.name, path, source.is_tree, source.executables)


@rule
async def lay_out_build_files(request: _BuildFilesRequest) -> _BuildFiles:
    inputs = request.inputs
    sources = {f"sources/{index}": source for index, source in enumerate(inputs.further_sources)}
    if inputs.source:
        sources["source"] = inputs.source
    debs = inputs.build_root.files
    fetched_debs, *fetched = await MultiGet(
        Get(FetchedFiles, FetchFilesRequest, fetch)
        for fetch in (
            FetchFilesRequest(
                debs,
                f"Fetching {counted(len(debs), 'Debian package')} of the build root",
                inputs.build_root.subject,
            ),
            *(
                FetchFilesRequest(
                    _pinned(source), f"Fetching {source.identity.name}", source.subject
                )
                for source in sources.values()
            ),
        )
    )
    digests = await MultiGet(
        Get(Digest, AddPrefix(source.digest or files.digest, directory))
        for (directory, source), files in zip(sources.items(), fetched)
    )
    patches = await Get(Digest, AddPrefix(inputs.patches.digest, "patches"))
    digest = await Get(Digest, MergeDigests((*digests, patches)))
    return _BuildFiles(digest, FrozenDict({"debs": fetched_debs.digest}))


def _pinned(source: StoreSource) -> tuple[PinnedFile, ...]:
    return (source.pinned,) if source.pinned else ()


def rules() -> Iterable[Rule | UnionRule]:
    return [
        *collect_rules(),
        UnionRule(DeriveRequest, DerivePackage),
        UnionRule(BuildRequest, BuildPackage),
    ]
