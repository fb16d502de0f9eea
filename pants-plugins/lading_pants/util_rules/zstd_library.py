"""The zstd of layers, fetched (see `lading.image.zstd_library`)."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, collect_rules, rule

from lading.image.zstd_library import LIBRARY, zstd_package
from lading_pants.util_rules.fetch import FetchedFiles, FetchRequest
from lading_pants.util_rules.platform import BuildPlatform
from lading_pants.util_rules.program import ProgramRequest, ProgramResult


@dataclass(frozen=True)
class ZstdLibrary:
    """A digest that holds `LIBRARY`."""

    digest: Digest


@rule
async def find_zstd_library(platform: BuildPlatform) -> ZstdLibrary:
    file = zstd_package(platform.architecture)
    fetched = await Get(FetchedFiles, FetchRequest((file,), "Fetching libzstd"))
    extracted = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.debian.extract_main",
            arguments=(file.name, LIBRARY, LIBRARY),
            inputs=fetched.digest,
            output_files=(LIBRARY,),
            description="Unpacking libzstd",
            subject="the zstd of layers",
        ),
    )
    return ZstdLibrary(extracted.digest)


def rules():
    return collect_rules()
