"""One tar that is a docker archive and an OCI layout at once.

docker, podman, skopeo and containerd each read the half that they know (OCI image-spec,
image-layout.md; moby, image/spec). Blobs are regular files, as containerd follows no hard links.
"""

from pathlib import Path
from typing import BinaryIO, Dict, Sequence, Union

from lading import tar_header
from lading.digest import Sha256
from lading.errors import LadingError
from lading.image.canonical_json import canonical_json
from lading.image.manifest import Image, index_bytes
from lading.image.reference import ImageReference
from lading.tar_header import TarMember

_CHUNK = 1 << 20


def write_archive(
    image: Image,
    references: Sequence[ImageReference],
    blobs: Sequence[Path],
    output: BinaryIO,
) -> int:
    """Write the archive; returns its length in bytes.

    `blobs` are the files of `image.layers`, in the same order. All `references` reach docker;
    podman and containerd, which read the OCI layout, get the first one.
    """
    size = 0
    for name, content in sorted(_members(image, references, blobs).items()):
        size += _write_member(name, content, output)
    return size + output.write(tar_header.END_OF_ARCHIVE)


def _members(
    image: Image, references: Sequence[ImageReference], blobs: Sequence[Path]
) -> Dict[str, Union[bytes, Path, None]]:
    """Content by path: bytes, a file, or None for a directory."""
    layer_paths = [_blob_path(layer.digest) for layer in image.layers]
    docker_manifest = [
        {
            "Config": _blob_path(image.id),
            "RepoTags": [reference.name for reference in references],
            "Layers": layer_paths,
        }
    ]
    return {
        "blobs": None,
        "blobs/sha256": None,
        _blob_path(image.id): image.config,
        _blob_path(image.digest): image.manifest,
        # Equal layers are one blob.
        **dict(zip(layer_paths, blobs)),
        "index.json": index_bytes(image, references[0] if references else None),
        "manifest.json": canonical_json(docker_manifest),
        "oci-layout": canonical_json({"imageLayoutVersion": "1.0.0"}),
    }


def _blob_path(digest: Sha256) -> str:
    return f"blobs/sha256/{digest.hex}"


def _write_member(name: str, content: Union[bytes, Path, None], output: BinaryIO) -> int:
    if content is None:
        return output.write(tar_header.header(TarMember(name, tar_header.DIRECTORY, 0o755)))
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    output.write(tar_header.header(TarMember(name, tar_header.FILE, 0o644, size)))
    written = output.write(content) if isinstance(content, bytes) else _copy(content, output)
    if written != size:
        raise LadingError(f"{content!s} changed its length while it was read. Build again.")
    output.write(tar_header.padding(size))
    return tar_header.BLOCK + size + len(tar_header.padding(size))


def _copy(source: Path, output: BinaryIO) -> int:
    written = 0
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            written += output.write(chunk)
    return written
