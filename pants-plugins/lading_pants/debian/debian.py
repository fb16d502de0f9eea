"""Debian packages: the lock's content, and the packages that a target names."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.addresses import Address, UnparsedAddressInputs
from pants.engine.fs import DigestContents, GlobMatchErrorBehavior, PathGlobs
from pants.engine.rules import Get, rule
from pants.engine.target import Target, Targets, WrappedTarget, WrappedTargetRequest
from pants.util.frozendict import FrozenDict

from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.lock import DebianLock, check_made_for, regenerate_command
from lading.debian.lock.locked_packages import locked_closure
from lading.debs.build_root import build_root_hash
from lading.debs.package_list import PackageList
from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.values.errors import LadingError
from lading_pants.debian.debian_lock_target import (
    DebianArchitecturesField,
    DebianComponentsField,
    DebianLockfileField,
    DebianResolveField,
    DebianSuitesField,
)
from lading_pants.engine.platform import BuildPlatform
from lading_pants.errors import TargetError, about
from lading_pants.fetch.fetch_debian import DebianPackageField
from lading_pants.store.build_root_target import (
    AlternativesField,
    DebianLockField,
    DebianPackagesField,
)


@dataclass(frozen=True)
class DebianLockRequest:
    """The lock of a `debian_lock` target."""

    target: Target


@dataclass(frozen=True)
class BuildRootRequest:
    """The `build_root` target at an address, which `origin` named."""

    address: Address
    origin: str


@dataclass(frozen=True)
class BuildRoot:
    """The content of a build root, and its hash. Nothing has been fetched yet.

    Errors of fetches are about `subject`.
    """

    files: tuple[PinnedFile, ...]
    alternatives: FrozenDict[str, str]
    hash: str
    subject: str


@rule
async def read_lock(request: DebianLockRequest) -> DebianLock:
    target = request.target
    path = target[DebianLockfileField].file_path
    assert path is not None, "the field has a default"
    contents = await Get(DigestContents, PathGlobs([path], GlobMatchErrorBehavior.ignore))
    try:
        if not contents:
            raise LadingError(
                f"the lock {path} does not exist: run "
                f"{regenerate_command(target[DebianResolveField].resolve_name)}."
            )
        lock = DebianLock.from_json(contents[0].content.decode("utf-8", "replace"))
        check_made_for(
            lock,
            suites=target[DebianSuitesField].value or (),
            components=target[DebianComponentsField].value or (),
            architectures=target[DebianArchitecturesField].value or (),
        )
    except LadingError as error:
        raise about(f"`{target.alias}` {target.address}", error) from error
    return lock


async def find_lock(field: DebianLockField, subject: str) -> DebianLock:
    """The lock that a target's field names."""
    targets = await Get(Targets, UnparsedAddressInputs, field.to_unparsed_address_inputs())
    target = targets[0]
    if not target.has_field(DebianLockfileField):
        raise TargetError(
            f"{subject}: `debian_lock` names {target.address}, which is a `{target.alias}` target: "
            "name a `debian_lock`."
        )
    return await Get(DebianLock, DebianLockRequest(target))


def pinned_file(package: BinaryPackage, lock: DebianLock) -> PinnedFile:
    return PinnedFile(
        name=package.filename.rpartition("/")[2],
        urls=(SourceUrl.parse(f"mirror://debian/{package.filename}"),),
        sha256=package.sha256,
        size=package.size,
        snapshot=package.snapshot or lock.timestamp,
        resolve=lock.resolve,
    )


async def debian_file(target: Target) -> PinnedFile:
    """The `.deb` of a `fetch_debian` target."""
    subject = f"`{target.alias}` {target.address}"
    platform = await Get(BuildPlatform)
    lock = await find_lock(target[DebianLockField], subject)
    name = target[DebianPackageField].value or target.address.target_name
    try:
        packages = locked_closure(lock, platform.architecture, [name])
    except LadingError as error:
        raise about(subject, error) from error
    return pinned_file(next(package for package in packages if package.name == name), lock)


@rule
async def find_build_root(request: BuildRootRequest, platform: BuildPlatform) -> BuildRoot:
    wrapped = await Get(
        WrappedTarget,
        WrappedTargetRequest(request.address, description_of_origin=request.origin),
    )
    target = wrapped.target
    if not target.has_field(AlternativesField):
        raise TargetError(
            f"{request.origin} names {target.address}, which is a `{target.alias}` target: name a "
            "`build_root`."
        )
    subject = f"`{target.alias}` {target.address}"
    lock = await find_lock(target[DebianLockField], subject)
    try:
        wanted = PackageList.parse(target[DebianPackagesField].value or ())
        packages = locked_closure(lock, platform.architecture, wanted.roots, wanted.left_out)
    except LadingError as error:
        raise about(subject, error) from error
    alternatives = target[AlternativesField].value or FrozenDict()
    return BuildRoot(
        files=tuple(pinned_file(package, lock) for package in packages),
        alternatives=alternatives,
        hash=build_root_hash((package.sha256 for package in packages), alternatives).hex,
        subject=subject,
    )
