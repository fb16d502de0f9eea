"""The files that an image takes from other Pants targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pants.engine.addresses import Address
from pants.engine.fs import CreateDigest, Digest, DigestEntries, FileEntry
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict

from lading.image.root.root_files import PROGRAM_MODE
from lading_pants.engine.target_files import TargetFiles, TargetFilesRequest
from lading_pants.errors import TargetError


@dataclass(frozen=True)
class ResolvedFilesRequest:
    """`files` is the field's value without directories; `addresses` are those of its sources, by
    their text. `origin` is the target and field that errors begin with."""

    files: FrozenDict[str, Any]
    addresses: FrozenDict[str, Address]
    origin: str


@dataclass(frozen=True)
class ResolvedFiles:
    """`digest` has the sources' files; `files` is the field's value with their paths filled in."""

    digest: Digest
    files: FrozenDict[str, Any]


@rule
async def find_image_files(request: ResolvedFilesRequest) -> ResolvedFiles:
    sources = {
        path: value["source"]
        for path, value in request.files.items()
        if not isinstance(value, str) and "source" in value
    }
    found = await MultiGet(
        Get(TargetFiles, TargetFilesRequest(request.addresses[text], _origin(request, path, text)))
        for path, text in sources.items()
    )
    listed = await MultiGet(Get(DigestEntries, Digest, files.digest) for files in found)
    files = dict(request.files)
    entries = []
    for (path, text), found_entries in zip(sources.items(), listed):
        entry = _single_file(found_entries, _origin(request, path, text))
        place = f"files{path}"
        default = {"mode": PROGRAM_MODE} if entry.is_executable else {}
        files[path] = FrozenDict({**default, **request.files[path], "source": place})
        entries.append(FileEntry(place, entry.file_digest))
    return ResolvedFiles(await Get(Digest, CreateDigest(entries)), FrozenDict(files))


def _origin(request: ResolvedFilesRequest, path: str, text: str) -> str:
    return f"{request.origin} gives {path!r} the source {request.addresses[text]}"


def _single_file(entries: DigestEntries, origin: str) -> FileEntry:
    files = [entry for entry in entries if isinstance(entry, FileEntry)]
    if len(files) != 1:
        raise TargetError(
            f"{origin}, which has {len(files)} files instead of one: name a `file`, or a target "
            "that `./pants package` builds one file from."
        )
    return files[0]
