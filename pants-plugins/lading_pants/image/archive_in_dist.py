"""The archive of an image in dist/, and its description beside it.

Pants stores the outputs of a process and then copies them to dist/: an archive would be hashed, and
written three times. That is only necessary for those who use it from Pants' store. The goal
`package` only needs the file, so a program of Lading writes it directly to its place, atomically.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from pants.base.build_root import BuildRoot
from pants.core.util_rules.distdir import DistDir
from pants.engine.fs import Digest, DigestContents, MergeDigests
from pants.engine.process import ProcessCacheScope
from pants.engine.rules import Get, MultiGet, _uncacheable_rule, rule
from pants.util.logging import LogLevel

from lading.image.written_files import WrittenFiles, states_from_json
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.pinned_library import LIBZSTD
from lading_pants.image.assembled_image import METADATA_FILE, AssembledImage, AssembledImageRequest
from lading_pants.image.image_archive import ARCHIVE_MAIN, ArchiveParts, ImageArchiveRequest
from lading_pants.image.image_references import ImageFieldSet

_STATES_FILE = "states.json"


@dataclass(frozen=True)
class ArchiveInDistRequest:
    """Paths are relative to dist/."""

    field_set: ImageFieldSet
    archive: str
    description: str


@dataclass(frozen=True)
class ArchiveInDist:
    """Unless it is `new`, it already existed."""

    new: bool


@dataclass(frozen=True)
class WrittenFilesOfDaemon:
    """The files that Pants' daemon has written to dist/ since it started."""

    files: WrittenFiles


@rule
async def written_files() -> WrittenFilesOfDaemon:
    return WrittenFilesOfDaemon(WrittenFiles())


# Pants itself does not watch dist/.
@_uncacheable_rule
async def write_archive_in_dist(
    request: ArchiveInDistRequest,
    written: WrittenFilesOfDaemon,
    build_root: BuildRoot,
    distdir: DistDir,
) -> ArchiveInDist:
    field_set = request.field_set
    parts, image = await MultiGet(
        Get(ArchiveParts, ImageArchiveRequest(field_set)),
        Get(AssembledImage, AssembledImageRequest(field_set)),
    )
    inputs = await Get(Digest, MergeDigests((parts.inputs, image.digest)))
    content = f"{inputs.fingerprint} {parts.request}"
    dist = build_root.pathlib_path / distdir.relpath
    paths = (dist / request.archive, dist / request.description)
    if all(written.files.has(path, content) for path in paths):
        return ArchiveInDist(new=False)
    archive, description = map(os.fspath, paths)
    done = await Get(
        ProgramResult,
        ProgramRequest(
            module=ARCHIVE_MAIN,
            request=parts.request,
            arguments=(LIBZSTD, archive, METADATA_FILE, description, _STATES_FILE),
            inputs=inputs,
            immutable_inputs=parts.libraries,
            output_files=(_STATES_FILE,),
            # It works outside of its sandbox.
            cache_scope=ProcessCacheScope.PER_SESSION,
            description=f"Writing {distdir.relpath / request.archive}",
            subject=field_set.subject,
            level=LogLevel.DEBUG,
        ),
    )
    (states,) = await Get(DigestContents, Digest, done.digest)
    for path, state in zip(paths, states_from_json(states.content.decode("utf-8"))):
        written.files.remember(path, content, state)
    return ArchiveInDist(new=True)
