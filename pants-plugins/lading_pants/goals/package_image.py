"""`./pants package` on an image: its archive and a description in dist/."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pants.base.build_root import BuildRoot
from pants.core.goals.package import BuiltPackage, BuiltPackageArtifact, PackageFieldSet
from pants.core.util_rules.distdir import DistDir
from pants.engine.fs import (
    EMPTY_DIGEST,
    CreateDigest,
    Digest,
    DigestEntries,
    DigestSubset,
    FileDigest,
    FileEntry,
    PathGlobs,
)
from pants.engine.rules import Get, _uncacheable_rule, collect_rules, rule
from pants.engine.unions import UnionRule
from pants.util.logging import LogLevel

from lading.digest import Sha256
from lading.image.known_files import KnownFiles
from lading_pants.subsystems.lading import LadingSubsystem
from lading_pants.util_rules.assembled_image import (
    METADATA_FILE,
    AssembledImage,
    AssembledImageRequest,
)
from lading_pants.util_rules.image_archive import ARCHIVE_FILE, ImageArchive, ImageArchiveRequest
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


@dataclass(frozen=True)
class _FileInPlaceRequest:
    """Whether the file `path`, below the build root, has the `content`."""

    path: str
    content: FileDigest


@dataclass(frozen=True)
class _FileInPlace:
    is_there: bool


@dataclass(frozen=True)
class KnownFilesOfDaemon:
    """What Pants' daemon has found in dist/ since it started. A large archive that is there is not
    written again in each run."""

    files: KnownFiles


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
    is_there = False
    if lading.write_archives:
        written = await Get(ImageArchive, ImageArchiveRequest(field_set))
        request = _RenamedFileRequest(written.digest, ARCHIVE_FILE, archive)
        file = await Get(_RenamedFile, _RenamedFileRequest, request)
        if goals.package_only:
            # Nobody else asks for the package, whose files are for dist/.
            path = os.path.join(distdir.relpath, archive)
            found = await Get(_FileInPlace, _FileInPlaceRequest(path, file.entry.file_digest))
            is_there = found.is_there
        if not is_there:
            files.append(file)
    digest = await Get(Digest, CreateDigest(file.entry for file in files))
    metadata = json.loads(image.metadata)
    lines = _summary(metadata)
    not_run = _not_run(metadata)
    if not_run:
        told = f"`debian` in {os.path.join(distdir.relpath, description)}"
        lines += (f"  maintainer scripts not run: {not_run}; see {told}",)
    if not lading.write_archives:
        return BuiltPackage(digest, (BuiltPackageArtifact(description, extra_log_lines=lines),))
    path = os.path.join(distdir.relpath, archive)
    lines += (f"  docker load < {path}",)
    artifact = BuiltPackageArtifact(archive, extra_log_lines=lines)
    if is_there:
        # Pants deletes what it has the name of before it writes.
        artifact = BuiltPackageArtifact(None, extra_log_lines=(f"{path} is as it was", *lines))
    return BuiltPackage(digest, (BuiltPackageArtifact(description), artifact))


@rule
async def known_files() -> KnownFilesOfDaemon:
    return KnownFilesOfDaemon(KnownFiles())


# What lies in dist/ is nothing that Pants looks at itself.
@_uncacheable_rule
async def find_file_in_place(
    request: _FileInPlaceRequest, known: KnownFilesOfDaemon, build_root: BuildRoot
) -> _FileInPlace:
    content = request.content
    path = Path(build_root.path, request.path)
    digest = Sha256(content.fingerprint)
    return _FileInPlace(known.files.has(path, digest, content.serialized_bytes_length))


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
