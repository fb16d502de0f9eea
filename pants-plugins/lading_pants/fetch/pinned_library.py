"""Fetches libraries from pinned Debian packages: the compressors of layers."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, rule
from pants.util.frozendict import FrozenDict

from lading.fetch.deflate_library import LIBRARY as LIBDEFLATE_FILE
from lading.fetch.deflate_library import deflate_package
from lading.fetch.pinned_file import PinnedFile
from lading.fetch.zstd_library import LIBRARY as LIBZSTD_FILE
from lading.fetch.zstd_library import zstd_package
from lading_pants.engine.platform import BuildPlatform
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.fetch import FetchedFiles, FetchFilesRequest

_ZSTD_DIRECTORY = "zstd"

#: The path of libzstd in programs that read layers and need it.
LIBZSTD = f"{_ZSTD_DIRECTORY}/{LIBZSTD_FILE}"


@dataclass(frozen=True)
class PinnedLibraryRequest:
    """The file `library` of `package`. `name` is the name that users know, such as "libzstd".
    Errors are about `subject`."""

    package: PinnedFile
    library: str
    name: str
    subject: str


@dataclass(frozen=True)
class PinnedLibrary:
    """A digest that has only this file."""

    digest: Digest


async def libdeflate() -> PinnedLibrary:
    platform = await Get(BuildPlatform)
    package = deflate_package(platform.architecture)
    return await Get(
        PinnedLibrary,
        PinnedLibraryRequest(package, LIBDEFLATE_FILE, "libdeflate", "the compressor of layers"),
    )


async def libzstd() -> PinnedLibrary:
    platform = await Get(BuildPlatform)
    package = zstd_package(platform.architecture)
    return await Get(
        PinnedLibrary,
        PinnedLibraryRequest(package, LIBZSTD_FILE, "libzstd", "the zstd of layers"),
    )


async def libzstd_inputs(is_needed: bool) -> FrozenDict[str, Digest]:
    """Immutable inputs of a program that reads layers: libzstd at `LIBZSTD`. It is fetched only if
    it `is_needed`, because a layer is compressed with zstd."""
    if not is_needed:
        return FrozenDict()
    library = await libzstd()
    return FrozenDict({_ZSTD_DIRECTORY: library.digest})


@rule
async def find_pinned_library(request: PinnedLibraryRequest) -> PinnedLibrary:
    package, library = request.package, request.library
    fetched = await Get(FetchedFiles, FetchFilesRequest((package,), f"Fetching {request.name}"))
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
