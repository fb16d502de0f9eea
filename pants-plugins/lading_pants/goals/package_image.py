"""`./pants package` on an image: its archive and a description in dist/."""

from __future__ import annotations

import os

from pants.core.goals.package import BuiltPackage, BuiltPackageArtifact, PackageFieldSet
from pants.core.util_rules.distdir import DistDir
from pants.engine.fs import EMPTY_DIGEST, CreateDigest, Digest, DigestEntries, FileEntry
from pants.engine.rules import Get, collect_rules, rule
from pants.engine.unions import UnionRule
from pants.util.logging import LogLevel

from lading_pants.util_rules.image import (
    ARCHIVE_FILE,
    METADATA_FILE,
    BuiltImage,
    BuiltImageRequest,
)
from lading_pants.util_rules.image_references import ImageFieldSet
from lading_pants.util_rules.requested_goals import RequestedGoals


@rule(desc="Build an image", level=LogLevel.DEBUG)
async def package_image(
    field_set: ImageFieldSet, distdir: DistDir, goals: RequestedGoals
) -> BuiltPackage:
    if goals.publish_only:
        # It takes what it needs itself, if it is to publish the image at all.
        return BuiltPackage(EMPTY_DIGEST, ())
    image = await Get(BuiltImage, BuiltImageRequest(field_set))
    archive = field_set.output_path.value_or_default(file_ending="tar")
    names = {ARCHIVE_FILE: archive, METADATA_FILE: os.path.splitext(archive)[0] + ".json"}
    entries = await Get(DigestEntries, Digest, image.digest)
    digest = await Get(
        Digest,
        CreateDigest(
            FileEntry(names[entry.path], entry.file_digest)
            for entry in entries
            if isinstance(entry, FileEntry)
        ),
    )
    size = f"{image.archive_size / 1e6:.1f} MB"
    if image.base_layer_count:
        size += f", {image.layer_count} layers, {image.base_layer_count} of them the base's"
    summary = f"{size}, {image.image_digest}"
    return BuiltPackage(
        digest,
        (
            BuiltPackageArtifact(relpath=names[METADATA_FILE]),
            BuiltPackageArtifact(
                relpath=archive,
                extra_log_lines=(
                    *(f"  {tag}" for tag in image.tags),
                    f"  {summary}",
                    f"  docker load < {os.path.join(distdir.relpath, archive)}",
                ),
            ),
        ),
    )


def rules():
    return [*collect_rules(), UnionRule(PackageFieldSet, ImageFieldSet)]
