"""`./pants package` for an image: its archive and a description in dist/."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Iterable, Mapping

from pants.core.goals.package import BuiltPackage, BuiltPackageArtifact, PackageFieldSet
from pants.core.target_types import ArchivePackagesField
from pants.core.util_rules.distdir import DistDir
from pants.core.util_rules.environments import CompatiblePlatformsField, EnvironmentTarget
from pants.engine.addresses import UnparsedAddressInputs
from pants.engine.fs import (
    EMPTY_DIGEST,
    CreateDigest,
    Digest,
    DigestEntries,
    DigestSubset,
    FileEntry,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.target import Targets
from pants.engine.unions import UnionRule
from pants.option.global_options import GlobalOptions
from pants.util.logging import LogLevel

from lading.image.image_description import ImageDescription
from lading.values.counted import counted
from lading_pants.engine.lading import Archives, LadingSubsystem
from lading_pants.engine.requested_goals import RequestedGoals
from lading_pants.image.archive_in_dist import ArchiveInDist, ArchiveInDistRequest
from lading_pants.image.assembled_image import METADATA_FILE, AssembledImage, AssembledImageRequest
from lading_pants.image.image_archive import ARCHIVE_FILE, ImageArchive, ImageArchiveRequest
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.publish.image_destinations import find_destinations


async def _renamed(digest: Digest, names: Mapping[str, str]) -> Digest:
    """The files of `digest` that `names` has, with their new names."""
    subset = await Get(Digest, DigestSubset(digest, PathGlobs(names)))
    entries = await Get(DigestEntries, Digest, subset)
    return await Get(
        Digest,
        CreateDigest(
            FileEntry(names[entry.path], entry.file_digest)
            for entry in entries
            if isinstance(entry, FileEntry)
        ),
    )


@rule(desc="Build an image", level=LogLevel.DEBUG)
async def package_image(
    field_set: ImageFieldSet,
    distdir: DistDir,
    goals: RequestedGoals,
    lading: LadingSubsystem,
    environment: EnvironmentTarget,
    options: GlobalOptions,
) -> BuiltPackage:
    if goals.publish_only:
        # `publish` takes what it needs itself, if it publishes the image at all.
        return BuiltPackage(EMPTY_DIGEST, ())
    archive = field_set.output_path.value_or_default(file_ending="tar")
    description = os.path.splitext(archive)[0] + ".json"
    if field_set.registries.value:
        # This reports invalid destinations before anything is built.
        await find_destinations(field_set)
    image = await Get(AssembledImage, AssembledImageRequest(field_set))
    lines = _summary(image.description)
    not_run = _not_run(image.description)
    if not_run:
        place = f"`debian` in {distdir.relpath / description}"
        lines += (f"  maintainer scripts not run: {not_run}; see {place}",)
    digest, names = image.digest, {METADATA_FILE: description}
    if lading.archives is Archives.NONE:
        artifacts = (BuiltPackageArtifact(description, lines),)
        return BuiltPackage(await _renamed(digest, names), artifacts)
    path = distdir.relpath / archive
    lines += (f"  docker load < {path}",)
    if goals.archives_go_to_dist and is_local(environment, options):
        in_dist = await Get(ArchiveInDist, ArchiveInDistRequest(field_set, archive))
        outcome = f"Wrote {path}" if in_dist.new else f"{path} is as it was"
        artifact = BuiltPackageArtifact(None, (outcome, *lines))
    else:
        written = await Get(ImageArchive, ImageArchiveRequest(field_set))
        digest = await Get(Digest, MergeDigests((digest, written.digest)))
        names[ARCHIVE_FILE] = archive
        artifact = BuiltPackageArtifact(archive, lines)
    return BuiltPackage(
        await _renamed(digest, names), (BuiltPackageArtifact(description), artifact)
    )


def is_local(environment: EnvironmentTarget, options: GlobalOptions) -> bool:
    """Whether processes can write to dist/: not in a container, nor on another machine."""
    is_local = environment.val is None or environment.val.has_field(CompatiblePlatformsField)
    return is_local and not options.remote_execution


@dataclass(frozen=True)
class TakenImagesFieldSet(PackageFieldSet):
    """A second package of each `archive`, without files, in which the images among its `packages`
    are checked."""

    required_fields = (ArchivePackagesField,)

    packages: ArchivePackagesField


@rule
async def check_taken_images(field_set: TakenImagesFieldSet, goals: RequestedGoals) -> BuiltPackage:
    wanted = field_set.packages.to_unparsed_address_inputs()
    for target in await Get(Targets, UnparsedAddressInputs, wanted):
        goals.check_taken(target, f"`archive` {field_set.address}: `packages` has {target.address}")
    return BuiltPackage(EMPTY_DIGEST, ())


def _summary(image: ImageDescription) -> tuple[str, ...]:
    """What the goal prints about an image: its names, size and digest."""
    size = f"{image.archive.size / 1e6:.1f} MB"
    layers, base_layers = len(image.layers), image.base_layers
    if base_layers:
        size += f", {counted(layers, 'layer')}, {base_layers} of them the base's"
    tags = (f"  {tag}" for tag in image.tags)
    return (*tags, f"  {size}, {image.image.digest}")


def _not_run(image: ImageDescription) -> str:
    """The Debian packages whose maintainer scripts were not completely followed."""
    return ", ".join(
        package.name for package in image.debian if package.not_run or package.triggers
    )


def rules() -> Iterable[Rule | UnionRule]:
    return [
        *collect_rules(),
        UnionRule(PackageFieldSet, ImageFieldSet),
        UnionRule(PackageFieldSet, TakenImagesFieldSet),
    ]
