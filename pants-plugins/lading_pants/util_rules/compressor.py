"""The compressor of layers, fetched (see `lading.image.compressor`)."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, collect_rules, rule

from lading.image.compressor import LIBRARY, compressor_package
from lading_pants.util_rules.fetch import FetchedFiles, FetchRequest
from lading_pants.util_rules.platform import BuildPlatform
from lading_pants.util_rules.program import ProgramRequest, ProgramResult


@dataclass(frozen=True)
class Compressor:
    """A digest that holds `LIBRARY`."""

    digest: Digest


@rule
async def find_compressor(platform: BuildPlatform) -> Compressor:
    file = compressor_package(platform.architecture)
    fetched = await Get(FetchedFiles, FetchRequest((file,), "Fetching libdeflate"))
    extracted = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.debian.extract_main",
            arguments=(file.name, LIBRARY, LIBRARY),
            inputs=fetched.digest,
            output_files=(LIBRARY,),
            description="Unpacking libdeflate",
            subject="the compressor of layers",
        ),
    )
    return Compressor(extracted.digest)


def rules():
    return collect_rules()
