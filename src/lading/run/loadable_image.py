"""A complete image, but not in one file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Dict, Tuple, cast

from lading.engines.container_engine import Engine
from lading.image.archive import write_archive
from lading.image.config.layer import Layer
from lading.image.manifest import Image, index_bytes
from lading.image.programs.archive_request import LayerFiles
from lading.image.reference import ImageReference
from lading.values.canonical_json import canonical_json
from lading.values.digest import Sha256


@dataclass(frozen=True)
class ImageRunRequest:
    """`config` and `manifest` are files of the image; `tags` are its full names, such as
    `redis:7.0.15`. All paths are below the sandbox.
    """

    engine: Engine
    config: str
    manifest: str
    tags: Tuple[str, ...]
    layers: Tuple[LayerFiles, ...]
    libzstd: str


@dataclass(frozen=True)
class LoadableImage:
    """`blobs` are the files of its layers by digest."""

    image: Image
    references: Tuple[ImageReference, ...]
    blobs: Dict[Sha256, Path]
    libzstd: str

    @classmethod
    def of(cls, request: ImageRunRequest, sandbox: Path) -> "LoadableImage":
        layers = [Layer.read(sandbox / files.description) for files in request.layers]
        blobs = {layer.digest: sandbox / files.blob for layer, files in zip(layers, request.layers)}
        return cls(
            image=Image.read(
                (sandbox / request.config).read_bytes(),
                (sandbox / request.manifest).read_bytes(),
                layers,
            ),
            references=tuple(map(ImageReference.parse_name, request.tags)),
            blobs=blobs,
            libzstd=str(sandbox / request.libzstd),
        )

    @property
    def ids(self) -> Tuple[str, ...]:
        """What engines call it: the config's digest, or the manifest's with docker's containerd
        store."""
        return (str(self.image.id), str(self.image.digest))

    @property
    def diff_ids(self) -> Tuple[str, ...]:
        return tuple(json.loads(self.image.config)["rootfs"]["diff_ids"])

    @property
    def layer_files(self) -> Tuple[Path, ...]:
        """Lowest first."""
        return tuple(self.blobs[layer.digest] for layer in self.image.layers)

    def size(self, present: int) -> int:
        """The size in bytes without the lowest `present` layers."""
        return sum(layer.size for layer in self.image.layers[present:])

    def write(self, output: IO[bytes], present: int) -> None:
        """Write the archive, without the lowest `present` layers."""
        write_archive(
            self.image, self.references, self.blobs, self.libzstd, cast(BinaryIO, output), present
        )

    def write_layout(self, directory: Path) -> None:
        """Write an OCI layout into the empty `directory`, with links to the layers, and without a
        name."""
        blobs = directory / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for digest, blob in self.blobs.items():
            (blobs / digest.hex).symlink_to(blob)
        for document in (self.image.config, self.image.manifest):
            (blobs / Sha256.of(document).hex).write_bytes(document)
        (directory / "index.json").write_bytes(index_bytes(self.image, None))
        layout = canonical_json({"imageLayoutVersion": "1.0.0"})
        (directory / "oci-layout").write_bytes(layout)
