"""`generate-lockfiles` for `debian_lock` targets."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from functools import total_ordering
from typing import Iterable

from pants.backend.python.util_rules import pex
from pants.backend.python.util_rules.interpreter_constraints import InterpreterConstraints
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.backend.python.util_rules.pex_requirements import EntireLockfile, Lockfile
from pants.core.goals.generate_lockfiles import (
    GenerateLockfile,
    GenerateLockfileResult,
    KnownUserResolveNames,
    KnownUserResolveNamesRequest,
    LockfileDiff,
    LockfilePackages,
    RequestedUserResolveNames,
    UserGenerateLockfiles,
)
from pants.engine.addresses import Address, Addresses, UnparsedAddressInputs
from pants.engine.fs import (
    CreateDigest,
    Digest,
    DigestContents,
    FileContent,
    GlobMatchErrorBehavior,
    MergeDigests,
    PathGlobs,
)
from pants.engine.process import FallibleProcessResult, ProcessCacheScope
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import AllTargets, Target
from pants.engine.unions import UnionRule

from lading.debian.lock.lock import locked_versions
from lading.debian.lock.lock_request import AskedPackage, LockRequest
from lading.debs.package_list import PackageList
from lading.debs.version import compare_versions
from lading.runtime.machine import MACHINE_DIR
from lading.values.errors import LadingError
from lading.values.json_codec import to_json
from lading_pants.debian.debian_lock_target import (
    DebianArchitecturesField,
    DebianComponentsField,
    DebianExtraPackagesField,
    DebianLockfileField,
    DebianResolveField,
    DebianSuitesField,
)
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.engine.machine import MachineCache
from lading_pants.engine.program import (
    REQUEST_FILE,
    ProgramDigest,
    ProgramDigestRequest,
    check_success,
)
from lading_pants.errors import TargetError, about
from lading_pants.fetch.fetch_debian import DebianPackageField
from lading_pants.store.build_root_target import DebianLockField, DebianPackagesField

logger = logging.getLogger(__name__)

_MODULE = "lading.debian.lock.lock_main"
_LOCK = "lock.json"

#: Versions for which pysequoia has wheels.
_INTERPRETERS = InterpreterConstraints(["CPython>=3.9,<3.14"])

_REQUIREMENTS = EntireLockfile(
    Lockfile(
        url="resource://lading_pants.debian/debian_lock.lock.txt",
        url_description_of_origin="the requirements of Lading's generator of Debian locks",
        resolve_name="lading-debian-lock",
    )
)


class KnownDebianLocksRequest(KnownUserResolveNamesRequest):
    pass


class RequestedDebianLocks(RequestedUserResolveNames):
    pass


@dataclass(frozen=True)
class DebianLocks:
    """All `debian_lock` targets, by their names in `--resolve=`."""

    targets: tuple[tuple[str, Target], ...]


@dataclass(frozen=True)
class GenerateDebianLock(GenerateLockfile):
    """`subject` is the target, for messages."""

    subject: str
    request: LockRequest


@total_ordering
@dataclass(frozen=True)
class DebianVersion:
    """A version in the summary of a lock's changes."""

    text: str

    def __lt__(self, other: DebianVersion) -> bool:
        return compare_versions(self.text, other.text) < 0

    def __str__(self) -> str:
        return self.text


@rule
def find_debian_locks(all_targets: AllTargets) -> DebianLocks:
    found: dict[str, Target] = {}
    for target in all_targets:
        if target.has_field(DebianLockfileField):
            resolve = target[DebianResolveField].resolve_name
            other = found.setdefault(resolve, target)
            if other is not target:
                raise TargetError(
                    f"`{target.alias}` {target.address}: `resolve` is {resolve!r}, which "
                    f"{other.address} uses too. Give one of them another name."
                )
    return DebianLocks(tuple(sorted(found.items())))


async def _lists_by_lock() -> dict[Address, set[tuple[str, ...]]]:
    """The lists of packages that targets ask for, by the address of the lock that they name."""
    users = [target for target in await Get(AllTargets) if target.has_field(DebianLockField)]
    locks = await MultiGet(
        Get(Addresses, UnparsedAddressInputs, target[DebianLockField].to_unparsed_address_inputs())
        for target in users
    )
    found: dict[Address, set[tuple[str, ...]]] = defaultdict(set)
    for target, addresses in zip(users, locks):
        names = _packages_of(target)
        for address in addresses:
            if names:
                found[address].add(names)
    return found


def _packages_of(target: Target) -> tuple[str, ...]:
    if target.has_field(DebianPackagesField):
        names = tuple(sorted(set(target[DebianPackagesField].value or ())))
        try:
            PackageList.parse(names)
        except LadingError as error:
            raise about(f"`{target.alias}` {target.address}", error) from error
        return names
    if target.has_field(DebianPackageField):
        return (target[DebianPackageField].value or target.address.target_name,)
    return ()


@rule
def known_debian_locks(_: KnownDebianLocksRequest, locks: DebianLocks) -> KnownUserResolveNames:
    return KnownUserResolveNames(
        names=tuple(resolve for resolve, _ in locks.targets),
        option_name="the `resolve` of a `debian_lock` target",
        requested_resolve_names_cls=RequestedDebianLocks,
    )


@rule
async def requested_debian_locks(
    requested: RequestedDebianLocks, locks: DebianLocks, lading: LadingSubsystem
) -> UserGenerateLockfiles:
    targets = [target for resolve, target in locks.targets if resolve in requested]
    present = await MultiGet(
        Get(
            DigestContents,
            PathGlobs([_path(target)], GlobMatchErrorBehavior.ignore),
        )
        for target in targets
    )
    lists = await _lists_by_lock()
    return UserGenerateLockfiles(
        _generate_request(target, tuple(sorted(lists[target.address])), contents, lading)
        for target, contents in zip(targets, present)
    )


def _path(target: Target) -> str:
    path = target[DebianLockfileField].file_path
    assert path is not None, "the field has a default"
    return path


def _generate_request(
    target: Target,
    lists: tuple[tuple[str, ...], ...],
    previous: DigestContents,
    lading: LadingSubsystem,
) -> GenerateDebianLock:
    subject = f"`{target.alias}` {target.address}"
    resolve = target[DebianResolveField].resolve_name
    try:
        request = LockRequest(
            resolve=resolve,
            suites=tuple(target[DebianSuitesField].value or ()),
            components=tuple(target[DebianComponentsField].value or ()),
            architectures=tuple(sorted(target[DebianArchitecturesField].value or ())),
            lists=lists,
            asked=tuple(map(AskedPackage.parse, target[DebianExtraPackagesField].value or ())),
            upgrade=tuple(lading.upgrade),
            allow_older_index=lading.allow_older_index,
            previous=previous[0].content.decode("utf-8", "replace") if previous else None,
        )
    except LadingError as error:
        raise about(subject, error) from error
    return GenerateDebianLock(resolve, _path(target), diff=True, subject=subject, request=request)


@rule
async def generate_debian_lock(generate: GenerateDebianLock) -> GenerateLockfileResult:
    interpreter, program, machine, request = await MultiGet(
        Get(
            VenvPex,
            PexRequest(
                output_filename="lading-debian-lock.pex",
                internal_only=True,
                requirements=_REQUIREMENTS,
                interpreter_constraints=_INTERPRETERS,
            ),
        ),
        Get(ProgramDigest, ProgramDigestRequest(_MODULE)),
        Get(MachineCache),
        Get(
            Digest,
            CreateDigest([FileContent(REQUEST_FILE, to_json(generate.request).encode("utf-8"))]),
        ),
    )
    inputs = await Get(Digest, MergeDigests((program.digest, request)))
    result = await Get(
        FallibleProcessResult,
        VenvPexProcess(
            interpreter,
            argv=("-m", _MODULE, REQUEST_FILE, _LOCK),
            input_digest=inputs,
            append_only_caches={machine.name: MACHINE_DIR},
            output_files=(_LOCK,),
            # The archive must be asked each time, whatever it answered an hour ago.
            cache_scope=ProcessCacheScope.PER_SESSION,
            description=f"Resolving the Debian packages of {generate.resolve_name}",
        ),
    )
    check_success(result, _MODULE, generate.subject, machine)
    if result.stdout:
        logger.info(result.stdout.decode("utf-8", "replace").rstrip())
    contents = await Get(DigestContents, Digest, result.output_digest)
    lock = FileContent(generate.lockfile_dest, contents[0].content)
    return GenerateLockfileResult(
        digest=await Get(Digest, CreateDigest([lock])),
        resolve_name=generate.resolve_name,
        path=generate.lockfile_dest,
        diff=LockfileDiff.create(
            generate.lockfile_dest,
            generate.resolve_name,
            _versions(generate.request.previous or ""),
            _versions(lock.content.decode("utf-8")),
        ),
    )


def _versions(lock: str) -> LockfilePackages:
    return LockfilePackages(
        {name: DebianVersion(version) for name, version in locked_versions(lock).items()}
    )


def rules() -> Iterable[Rule | UnionRule]:
    return (
        *collect_rules(),
        *pex.rules(),
        UnionRule(GenerateLockfile, GenerateDebianLock),
        UnionRule(KnownUserResolveNamesRequest, KnownDebianLocksRequest),
        UnionRule(RequestedUserResolveNames, RequestedDebianLocks),
    )
