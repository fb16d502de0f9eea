"""Fetches the compressor of layers (see `lading.compression.layer_compression`)."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import CreateDigest, Digest, DigestEntries, FileContent, FileEntry
from pants.engine.rules import Get, rule

from lading.compression.layer_compression import FILE, LIBRARY, LayerCompression, Method
from lading.values.errors import LadingError
from lading.values.json_codec import to_json
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.errors import about
from lading_pants.fetch.pinned_library import libdeflate, libzstd

#: The compressor's path in programs.
COMPRESSOR_DIRECTORY = "compressor"
COMPRESSOR = f"{COMPRESSOR_DIRECTORY}/{LIBRARY}"


@dataclass(frozen=True)
class Compressor:
    """A digest that has `LIBRARY` and `FILE`, for `COMPRESSOR_DIRECTORY`."""

    digest: Digest


@rule
async def find_compressor(lading: LadingSubsystem) -> Compressor:
    try:
        compression = LayerCompression.parse(lading.compression, lading.compression_level)
    except LadingError as error:
        raise about("`[lading]`", error) from error
    if compression.method is Method.ZSTD:
        library = await libzstd()
    else:
        library = await libdeflate()
    (entry,) = await Get(DigestEntries, Digest, library.digest)
    assert isinstance(entry, FileEntry), "a library is a file"
    description = FileContent(FILE, to_json(compression).encode("ascii"))
    return Compressor(
        await Get(Digest, CreateDigest([FileEntry(LIBRARY, entry.file_digest), description]))
    )
