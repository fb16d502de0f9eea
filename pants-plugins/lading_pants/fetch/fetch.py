"""Fetches pinned files in a process whose cache entry all machines share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from pants.engine.fs import EMPTY_DIGEST, Digest, DigestEntries, RemovePrefix
from pants.engine.rules import Get, rule

from lading.fetch.pinned_file import PinnedFile, request_to_json
from lading_pants.engine.file_digests import file_digests
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.errors import TargetError

_OUTPUT = "fetched"


@dataclass(frozen=True)
class FetchFilesRequest:
    """Files to fetch together, with different names.

    `description` describes the process, without the size: "Fetching redis_7.0.15.orig.tar.gz".
    `subject` is what names the files, such as "`fetch_url` //3rdparty/redis:source".
    """

    files: tuple[PinnedFile, ...]
    description: str
    subject: str = ""


@dataclass(frozen=True)
class FetchedFiles:
    """The files by their names, at the root of `digest`."""

    digest: Digest


@rule
async def fetch_files(request: FetchFilesRequest) -> FetchedFiles:
    if not request.files:
        return FetchedFiles(EMPTY_DIGEST)
    fetched = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.fetch.fetch_main",
            request=request_to_json(request.files),
            arguments=(_OUTPUT,),
            inputs=EMPTY_DIGEST,
            description=request.description + _total_size(request.files),
            subject=request.subject or request.description,
            output_directories=(_OUTPUT,),
        ),
    )
    digest = await Get(Digest, RemovePrefix(fetched.digest, _OUTPUT))
    found = file_digests(await Get(DigestEntries, Digest, digest))
    for file in request.files:
        if found.get(file.name) != file.sha256.hex:
            raise TargetError(_not_pinned(request.subject or request.description, file, found))
    return FetchedFiles(digest)


def _not_pinned(subject: str, file: PinnedFile, found: Mapping[str, str]) -> str:
    """The program has verified what it fetched, so somebody with write access to the cache has
    changed it."""
    return (
        f"{subject}: for {file.name}, which is pinned as {file.sha256.hex}, a cache of Pants has "
        f"{found.get(file.name, 'nothing')}. The cached result is wrong. Run this with "
        "`--no-remote-cache-read --no-local-cache`, and have the remote cache cleared."
    )


def _total_size(files: tuple[PinnedFile, ...]) -> str:
    """For example " (3.0 MB)"; empty if the size of a file is not known."""
    sizes = [file.size for file in files if file.size is not None]
    return f" ({sum(sizes) / 1e6:.1f} MB)" if len(sizes) == len(files) else ""
