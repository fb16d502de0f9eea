"""A library that is a file of a pinned Debian package, fetched."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, collect_rules, rule

from lading.fetch.pinned_file import PinnedFile
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.fetch import FetchedFiles, FetchRequest


@dataclass(frozen=True)
class PinnedLibraryRequest:
    """The file `library` of `package`. `name` is what users know it by, such as "libzstd", and
    `subject` what an error is about."""

    package: PinnedFile
    library: str
    name: str
    subject: str


@dataclass(frozen=True)
class PinnedLibrary:
    """A digest that holds the file and nothing else."""

    digest: Digest


@rule
async def find_pinned_library(request: PinnedLibraryRequest) -> PinnedLibrary:
    package, library = request.package, request.library
    fetched = await Get(FetchedFiles, FetchRequest((package,), f"Fetching {request.name}"))
    extracted = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.debian.programs.extract_main",
            arguments=(package.name, library, library),
            inputs=fetched.digest,
            output_files=(library,),
            description=f"Unpacking {request.name}",
            subject=request.subject,
        ),
    )
    return PinnedLibrary(extracted.digest)


def rules():
    return collect_rules()
