"""The archive of an image, for `docker load` and all tools that read OCI's layout."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import Digest, DigestSubset, MergeDigests, PathGlobs
from pants.engine.rules import Get, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.programs.archive_request import ArchiveRequest
from lading.values.json_codec import to_json
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.pinned_library import LIBZSTD
from lading_pants.image.assembled_image import (
    CONFIG_FILE,
    MANIFEST_FILE,
    AssembledImage,
    AssembledImageRequest,
)
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.placed_layers import place_layers

#: The program that writes archives.
ARCHIVE_MAIN = "lading.image.programs.archive_main"

ARCHIVE_FILE = "image.tar"


@dataclass(frozen=True)
class ImageArchiveRequest:
    """Unless it is `named`, the image has no name after loading the archive."""

    field_set: ImageFieldSet
    named: bool = True


@dataclass(frozen=True)
class ImageArchive:
    """`digest` has `ARCHIVE_FILE`."""

    digest: Digest


@dataclass(frozen=True)
class ArchiveParts:
    """The inputs of `lading.image.programs.archive_main`."""

    request: str
    inputs: Digest
    libraries: FrozenDict[str, Digest]


@rule
async def find_archive_parts(request: ImageArchiveRequest) -> ArchiveParts:
    image = await Get(AssembledImage, AssembledImageRequest(request.field_set))
    layers = await place_layers(image.layers)
    archive = ArchiveRequest(
        config=CONFIG_FILE,
        manifest=MANIFEST_FILE,
        tags=image.description.tags if request.named else (),
        layers=layers.files,
    )
    documents = PathGlobs([CONFIG_FILE, MANIFEST_FILE])
    image_digest = await Get(Digest, DigestSubset(image.digest, documents))
    inputs = await Get(Digest, MergeDigests((layers.digest, image_digest)))
    return ArchiveParts(to_json(archive), inputs, layers.libraries)


@rule
async def write_archive(request: ImageArchiveRequest) -> ImageArchive:
    parts = await Get(ArchiveParts, ImageArchiveRequest, request)
    field_set = request.field_set
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module=ARCHIVE_MAIN,
            request=parts.request,
            arguments=(LIBZSTD, ARCHIVE_FILE),
            inputs=parts.inputs,
            immutable_inputs=parts.libraries,
            output_files=(ARCHIVE_FILE,),
            description=f"Writing the archive of {field_set.address}",
            subject=field_set.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return ImageArchive(result.digest)
