"""A tar that is a docker archive and an OCI layout at once.

docker, podman, skopeo and containerd each read the half that they know (OCI image-spec,
image-layout.md; moby, image/spec). Blobs are regular files because containerd does not follow hard
links. docker reads zstd only since version 23, so the docker half has the plain tar of each zstd
layer.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Dict, Iterator, Mapping, Sequence, Tuple, Union

from lading.compression.zstd import ZstdDecompressor
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.config.layer import Layer
from lading.image.manifest import Image, index_bytes
from lading.image.reference import ImageReference
from lading.tar import tar_header
from lading.values.canonical_json import canonical_json
from lading.values.chunks import chunks
from lading.values.digest import Sha256
from lading.values.errors import LadingError


def write_archive(
    image: Image,
    references: Sequence[ImageReference],
    blobs: Mapping[Sha256, Path],
    libzstd: str,
    output: BinaryIO,
    present: int = 0,
) -> None:
    """Write the archive.

    `blobs` are the files of `image.layers`, by digest. `libzstd` is the path of the library; only
    zstd layers need it. The lowest `present` layers are named but left out. docker gets all
    `references`; podman and containerd, which read the OCI layout, get the first one.
    """
    for name, content in _members(image, references, present):
        output.write(_header(name, content))
        if isinstance(content, bytes):
            output.write(content)
        elif content is not None:
            layer = content.layer
            with blobs[layer.digest].open("rb") as blob:
                pieces = _tar(blob, libzstd) if content.is_plain else chunks(blob)
                _copy(pieces, content, output)
        output.write(tar_header.padding(_size(content)))
    output.write(tar_header.END_OF_ARCHIVE)


def archive_size(image: Image, references: Sequence[ImageReference]) -> int:
    """The length in bytes of what `write_archive` writes."""
    size = len(tar_header.END_OF_ARCHIVE)
    for name, content in _members(image, references):
        size += len(_header(name, content)) + _size(content)
        size += len(tar_header.padding(_size(content)))
    return size


@dataclass(frozen=True)
class _LayerContent:
    """A layer's blob, or the plain tar in it."""

    layer: Layer
    is_plain: bool = False

    @property
    def digest(self) -> Sha256:
        return self.layer.diff_id if self.is_plain else self.layer.digest

    @property
    def size(self) -> int:
        return self.layer.tar_size if self.is_plain else self.layer.size


#: The content of a member; None stands for a directory.
_Content = Union[bytes, _LayerContent, None]


def _members(
    image: Image, references: Sequence[ImageReference], present: int = 0
) -> Sequence[Tuple[str, _Content]]:
    """By path, sorted."""
    layers = [_LayerContent(layer) for layer in image.layers]
    docker_layers = [_LayerContent(layer, is_plain=layer.is_zstd) for layer in image.layers]
    docker_manifest = [
        {
            "Config": _blob_path(image.id),
            "RepoTags": [reference.name for reference in references],
            "Layers": [_blob_path(content.digest) for content in docker_layers],
        }
    ]
    members: Dict[str, _Content] = {
        "blobs": None,
        "blobs/sha256": None,
        _blob_path(image.id): image.config,
        _blob_path(image.digest): image.manifest,
        # Equal layers share one blob.
        **{
            _blob_path(content.digest): content
            for content in (*layers[present:], *docker_layers[present:])
        },
        "index.json": index_bytes(image, references[0] if references else None),
        "manifest.json": canonical_json(docker_manifest),
        "oci-layout": canonical_json({"imageLayoutVersion": "1.0.0"}),
    }
    return sorted(members.items())


def _blob_path(digest: Sha256) -> str:
    return f"blobs/sha256/{digest.hex}"


def _size(content: _Content) -> int:
    if content is None:
        return 0
    return len(content) if isinstance(content, bytes) else content.size


def _header(name: str, content: _Content) -> bytes:
    if content is None:
        return tar_header.header(Entry(name, Kind.DIRECTORY, 0o755))
    return tar_header.header(Entry(name, Kind.FILE, 0o644, size=_size(content)))


def _copy(pieces: Iterator[bytes], content: _LayerContent, output: BinaryIO) -> None:
    left = content.size
    for chunk in pieces:
        left -= output.write(chunk)
    if left:
        raise LadingError(
            f"{content.digest} no longer has {content.size} bytes. Build the image again."
        )


def _tar(blob: BinaryIO, libzstd: str) -> Iterator[bytes]:
    with ZstdDecompressor(libzstd) as decompressor:
        for chunk in chunks(blob):
            yield from decompressor.decompress(chunk)
