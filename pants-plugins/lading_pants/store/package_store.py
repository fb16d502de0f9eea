"""`./pants package` for a store package: its segment and descriptions in dist/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from pants.core.goals.package import (
    BuiltPackage,
    BuiltPackageArtifact,
    OutputPathField,
    PackageFieldSet,
)
from pants.engine.fs import AddPrefix, Digest
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.unions import UnionRule
from pants.util.logging import LogLevel

from lading.values.counted import counted
from lading_pants.store.derivation import StorePackageRequest, StoreTarget
from lading_pants.store.realise import StoreClosure, StorePackagesRequest
from lading_pants.store.store_package_target import PackageNameField


@dataclass(frozen=True)
class StorePackageFieldSet(PackageFieldSet):
    required_fields = (PackageNameField,)

    output_path: OutputPathField


@rule(desc="Build a store package", level=LogLevel.DEBUG)
async def package_store_package(field_set: StorePackageFieldSet) -> BuiltPackage:
    address = field_set.address
    target = await Get(StoreTarget, StorePackageRequest(address, f"`package` {address}"))
    built = await Get(StoreClosure, StorePackagesRequest((address,), target.subject))
    member = built.roots[0]
    directory = field_set.output_path.value_or_default(file_ending=None)
    digest = await Get(Digest, AddPrefix(member.digest, directory))
    size = sum(entry.package.unpacked_size for entry in built.members)
    return BuiltPackage(
        digest,
        (
            BuiltPackageArtifact(
                relpath=directory,
                extra_log_lines=(
                    f"  {member.package.path}",
                    f"  {member.package.unpacked_size / 1e6:.1f} MB, closure {size / 1e6:.1f} MB "
                    f"in {counted(len(built.members), 'package')}",
                ),
            ),
        ),
    )


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), UnionRule(PackageFieldSet, StorePackageFieldSet)]
