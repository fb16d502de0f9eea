"""The compressor of layers: one pinned libdeflate for everybody.

gzip bytes differ between compressors and between their versions, so it can't be the one that the
interpreter happens to have.
"""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest
from pants.engine.rules import Get, collect_rules, rule

from lading.digest import Sha256
from lading.fetch.pinned_file import PinnedFile
from lading.fetch.source_url import SourceUrl
from lading_pants.util_rules.fetch import FetchedFiles, FetchRequest
from lading_pants.util_rules.platform import BuildPlatform
from lading_pants.util_rules.program import ProgramRequest, ProgramResult

#: The library's file, at the root of the digest.
LIBRARY = "libdeflate.so.0"

_VERSION = "1.14-1"
_SNAPSHOT = "20250520T000000Z"
# Its newest glibc symbol is memcpy@GLIBC_2.14, so it loads on any Linux in use.
_PACKAGES = {
    "amd64": Sha256("3d4b39f94317b64a860db8a7a8b581b555124cd461fe07ec0d347edbdb9f6683"),
    "arm64": Sha256("32576ec45ad51662e02f5381e09cca75bc114065eaf28090f7294a4d84526451"),
}


@dataclass(frozen=True)
class Compressor:
    """A digest that holds `LIBRARY`."""

    digest: Digest


@rule
async def find_compressor(platform: BuildPlatform) -> Compressor:
    name = f"libdeflate0_{_VERSION}_{platform.architecture}.deb"
    file = PinnedFile(
        name=name,
        urls=(SourceUrl.parse(f"mirror://debian/pool/main/libd/libdeflate/{name}"),),
        sha256=_PACKAGES[platform.architecture],
        snapshot=_SNAPSHOT,
    )
    fetched = await Get(FetchedFiles, FetchRequest((file,), "Fetching libdeflate"))
    extracted = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.debian.extract_main",
            arguments=(name, LIBRARY, LIBRARY),
            inputs=fetched.digest,
            output_files=(LIBRARY,),
            description="Unpacking libdeflate",
            subject="the compressor of layers",
        ),
    )
    return Compressor(extracted.digest)


def rules():
    return collect_rules()
