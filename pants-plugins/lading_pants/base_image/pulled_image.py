"""Images from registries: manifest and config first, layers on demand."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.addresses import Address
from pants.engine.fs import (
    EMPTY_DIGEST,
    Digest,
    DigestContents,
    DigestSubset,
    PathGlobs,
    RemovePrefix,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict

from lading.compression.layer_media_type import Compression
from lading.image.config.platform import Platform
from lading.image.reference import Repository
from lading.registry.descriptor import Descriptor
from lading.registry.http.origin import ORIGIN_DIR, ORIGIN_FILE, origin_to_json
from lading.registry.manifest import ImageManifest, parse_manifest
from lading.registry.pull.pull_request import BlobRequest, ImageRequest
from lading.registry.reference import Reference
from lading.values.digest import Sha256
from lading.values.json_codec import from_json, to_json
from lading_pants.base_image.pinned_image import PinnedImage, PinnedImageRequest
from lading_pants.engine.machine import NotedFiles, NotedFilesRequest
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.engine.registry_machine import RegistryMachine

_MODULE = "lading.registry.pull.pull_main"
_OUTPUT = "pulled"

#: The file in `PulledBlob.digest`.
BLOB = "blob"


@dataclass(frozen=True)
class PulledImageRequest:
    """A `base_image` target."""

    address: Address


@dataclass(frozen=True)
class PulledImage:
    """An image without its layers.

    `digest` is that of its manifest, even if an index is pinned. `config` is the JSON in the
    registry. `platform` is the image's own: its variant may differ from the requested one.
    """

    address: Address
    subject: str
    reference: Reference
    digest: Sha256
    manifest: ImageManifest
    config: str
    platform: Platform

    @property
    def repository(self) -> Repository:
        return self.reference.repository


@dataclass(frozen=True)
class PulledBlobRequest:
    """One layer of the image's manifest."""

    image: PulledImage
    layer: Descriptor


@dataclass(frozen=True)
class PulledBlob:
    """The file `BLOB` at the root of `digest` is the layer as it is in the registry. `is_zstd` is
    detected from its bytes, whatever the manifest says."""

    digest: Digest
    is_zstd: bool


async def _origin_caches(repository: Repository) -> FrozenDict[str, str]:
    """The append-only cache that tells a program where to pull from
    (`lading.registry.http.origin`)."""
    files = FrozenDict({ORIGIN_FILE: origin_to_json(repository)})
    noted = await Get(NotedFiles, NotedFilesRequest("lading_origin", files))
    return FrozenDict({noted.name: ORIGIN_DIR})


@rule
async def pull_image(request: PulledImageRequest, machine: RegistryMachine) -> PulledImage:
    pinned = await Get(PinnedImage, PinnedImageRequest(request.address))
    assert pinned.reference.digest is not None
    pulled = await Get(
        ProgramResult,
        ProgramRequest(
            module=_MODULE,
            request=to_json(ImageRequest(pinned.reference.digest, pinned.platform)),
            arguments=(_OUTPUT,),
            inputs=EMPTY_DIGEST,
            description=f"Pulling the manifest of {pinned.reference.name}",
            subject=pinned.subject,
            output_directories=(_OUTPUT,),
            append_only_caches=await _origin_caches(pinned.reference.repository),
            machine=machine,
        ),
    )
    contents = await Get(DigestContents, Digest, pulled.digest)
    files = {file.path: file.content for file in contents}
    manifest = files[f"{_OUTPUT}/manifest.json"]
    parsed = parse_manifest(manifest)
    assert isinstance(parsed, ImageManifest), "the program has chosen one of an index"
    return PulledImage(
        address=request.address,
        subject=pinned.subject,
        reference=pinned.reference,
        digest=Sha256.of(manifest),
        manifest=parsed,
        config=files[f"{_OUTPUT}/config.json"].decode("utf-8"),
        platform=from_json(Platform, files[f"{_OUTPUT}/platform.json"]),
    )


@rule
async def pull_blob(request: PulledBlobRequest, machine: RegistryMachine) -> PulledBlob:
    image, layer = request.image, request.layer
    pulled = await Get(
        ProgramResult,
        ProgramRequest(
            module=_MODULE,
            request=to_json(BlobRequest(layer.digest, layer.size)),
            arguments=(_OUTPUT,),
            inputs=EMPTY_DIGEST,
            description=(
                f"Pulling layer {image.manifest.layers.index(layer) + 1} of "
                f"{len(image.manifest.layers)} of {image.reference.name} "
                f"({_size(layer.size)})"
            ),
            subject=image.subject,
            output_directories=(_OUTPUT,),
            append_only_caches=await _origin_caches(image.repository),
            machine=machine,
        ),
    )
    blob, compression = await MultiGet(
        Get(Digest, DigestSubset(pulled.digest, PathGlobs([f"{_OUTPUT}/{BLOB}"]))),
        Get(DigestContents, DigestSubset(pulled.digest, PathGlobs([f"{_OUTPUT}/compression"]))),
    )
    return PulledBlob(
        await Get(Digest, RemovePrefix(blob, _OUTPUT)),
        compression[0].content.decode("ascii") == Compression.ZSTD.value,
    )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 50_000 else f"{count / 1e3:.1f} kB"
