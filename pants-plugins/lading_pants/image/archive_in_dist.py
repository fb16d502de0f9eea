"""The archive of an image, written straight into dist/.

Pants stores the outputs of a process and then copies them to dist/: an archive would be hashed, and
written three times. That is only necessary for those who use it from Pants' store. The goal
`package` only needs the file, so a program of Lading writes it directly to its place, atomically.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from pants.base.build_root import BuildRoot
from pants.core.util_rules.distdir import DistDir
from pants.engine.fs import Digest, DigestContents
from pants.engine.process import ProcessCacheScope
from pants.engine.rules import Get, _uncacheable_rule, rule
from pants.util.logging import LogLevel

from lading.image.written_files import FileState, WrittenFiles
from lading.values.json_codec import from_json
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.pinned_library import LIBZSTD
from lading_pants.image.image_archive import ARCHIVE_MAIN, ArchiveParts, ImageArchiveRequest
from lading_pants.image.image_references import ImageFieldSet

_STATE_FILE = "state.json"


@dataclass(frozen=True)
class ArchiveInDistRequest:
    """`path` is relative to dist/."""

    field_set: ImageFieldSet
    path: str


@dataclass(frozen=True)
class ArchiveInDist:
    """Unless it is `new`, it already existed."""

    new: bool


@rule
def written_files() -> WrittenFiles:
    """The files that Pants' daemon has written to dist/ since it started."""
    return WrittenFiles()


# Pants itself does not watch dist/.
@_uncacheable_rule
async def write_archive_in_dist(
    request: ArchiveInDistRequest,
    written: WrittenFiles,
    build_root: BuildRoot,
    distdir: DistDir,
) -> ArchiveInDist:
    field_set = request.field_set
    parts = await Get(ArchiveParts, ImageArchiveRequest(field_set))
    content = f"{parts.inputs.fingerprint} {parts.request}"
    path = build_root.pathlib_path / distdir.relpath / request.path
    if written.has(path, content):
        return ArchiveInDist(new=False)
    done = await Get(
        ProgramResult,
        ProgramRequest(
            module=ARCHIVE_MAIN,
            request=parts.request,
            arguments=(LIBZSTD, os.fspath(path), _STATE_FILE),
            inputs=parts.inputs,
            immutable_inputs=parts.libraries,
            output_files=(_STATE_FILE,),
            # It works outside of its sandbox.
            cache_scope=ProcessCacheScope.PER_SESSION,
            description=f"Writing {distdir.relpath / request.path}",
            subject=field_set.subject,
            level=LogLevel.DEBUG,
        ),
    )
    (state,) = await Get(DigestContents, Digest, done.digest)
    written.remember(path, content, from_json(FileState, state.content))
    return ArchiveInDist(new=True)
