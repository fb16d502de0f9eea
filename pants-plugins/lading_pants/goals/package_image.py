"""`./pants package` on an image: its archive and a description in dist/."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from pants.core.goals.package import BuiltPackage, BuiltPackageArtifact, PackageFieldSet
from pants.core.util_rules.distdir import DistDir
from pants.engine.fs import (
    EMPTY_DIGEST,
    CreateDigest,
    Digest,
    DigestEntries,
    DigestSubset,
    FileEntry,
    PathGlobs,
)
from pants.engine.rules import Get, collect_rules, rule
from pants.engine.unions import UnionRule
from pants.util.logging import LogLevel

from lading_pants.subsystems.lading import LadingSubsystem
from lading_pants.util_rules.image import (
    ARCHIVE_FILE,
    METADATA_FILE,
    AssembledImage,
    AssembledImageRequest,
    ImageArchive,
    ImageArchiveRequest,
)
from lading_pants.util_rules.image_references import ImageFieldSet
from lading_pants.util_rules.requested_goals import RequestedGoals


@dataclass(frozen=True)
class _RenamedFileRequest:
    """The file `name` of `digest`, as `new_name`."""

    digest: Digest
    name: str
    new_name: str


@dataclass(frozen=True)
class _RenamedFile:
    entry: FileEntry


@rule(desc="Build an image", level=LogLevel.DEBUG)
async def package_image(
    field_set: ImageFieldSet, distdir: DistDir, goals: RequestedGoals, lading: LadingSubsystem
) -> BuiltPackage:
    if goals.publish_only:
        # It takes what it needs itself, if it is to publish the image at all.
        return BuiltPackage(EMPTY_DIGEST, ())
    archive = field_set.output_path.value_or_default(file_ending="tar")
    description = os.path.splitext(archive)[0] + ".json"
    image = await Get(AssembledImage, AssembledImageRequest(field_set))
    files = [await Get(_RenamedFile, _RenamedFileRequest(image.digest, METADATA_FILE, description))]
    if lading.write_archives:
        written = await Get(ImageArchive, ImageArchiveRequest(field_set))
        request = _RenamedFileRequest(written.digest, ARCHIVE_FILE, archive)
        files.append(await Get(_RenamedFile, _RenamedFileRequest, request))
    digest = await Get(Digest, CreateDigest(file.entry for file in files))
    metadata = json.loads(image.metadata)
    lines = _summary(metadata)
    not_run = _not_run(metadata)
    if not_run:
        told = f"`debian` in {os.path.join(distdir.relpath, description)}"
        lines += (f"  maintainer scripts not run: {not_run}; see {told}",)
    if not lading.write_archives:
        return BuiltPackage(digest, (BuiltPackageArtifact(description, extra_log_lines=lines),))
    load = f"  docker load < {os.path.join(distdir.relpath, archive)}"
    return BuiltPackage(
        digest,
        (
            BuiltPackageArtifact(relpath=description),
            BuiltPackageArtifact(relpath=archive, extra_log_lines=(*lines, load)),
        ),
    )


@rule
async def rename_file(request: _RenamedFileRequest) -> _RenamedFile:
    subset = await Get(Digest, DigestSubset(request.digest, PathGlobs([request.name])))
    entries = await Get(DigestEntries, Digest, subset)
    (entry,) = (entry for entry in entries if isinstance(entry, FileEntry))
    return _RenamedFile(FileEntry(request.new_name, entry.file_digest))


def _summary(metadata: dict[str, Any]) -> tuple[str, ...]:
    """What the goal prints of an image: its names, size and digest."""
    size = f"{metadata['archive']['size'] / 1e6:.1f} MB"
    layers, base_layers = len(metadata["layers"]), metadata["base_layers"]
    if base_layers:
        size += f", {layers} layers, {base_layers} of them the base's"
    tags = (f"  {tag}" for tag in metadata["tags"])
    return (*tags, f"  {size}, {metadata['image']['digest']}")


def _not_run(metadata: dict[str, Any]) -> str:
    """The Debian packages whose maintainer scripts would have changed more than was done."""
    return ", ".join(
        package["name"]
        for package in metadata["debian"]
        if "not_run" in package or "triggers" in package
    )


def rules():
    return [*collect_rules(), UnionRule(PackageFieldSet, ImageFieldSet)]
