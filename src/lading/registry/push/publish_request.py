"""The request of `publish_main`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

from lading.registry.descriptor import Descriptor
from lading.registry.manifest import ImageManifest, parse_manifest, parse_object
from lading.registry.push.push_image import ImageFiles
from lading.registry.push.upload import BlobFile
from lading.values.errors import LadingError

_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class ImageToPublish:
    """Push an image to each of `repositories` under `tags`.

    `image` is its address. `manifest` and `config` are files of it, `layers` its blobs in the order
    of the manifest; the first `pulled_layers` of them come from the repository `origin`. All paths
    are below the sandbox.
    """

    image: str
    manifest: str
    config: str
    layers: Tuple[str, ...]
    repositories: Tuple[str, ...]
    tags: Tuple[str, ...]
    pulled_layers: int = 0
    origin: Optional[str] = None

    def files(self) -> ImageFiles:
        """Raises LadingError for a file that has another size than the manifest says."""
        content = Path(self.manifest).read_bytes()
        manifest = parse_manifest(content)
        if not isinstance(manifest, ImageManifest) or len(manifest.layers) != len(self.layers):
            raise ValueError(f"{self.manifest} is not the manifest of {len(self.layers)} layers")
        return ImageFiles(
            content,
            parse_object(content).get("mediaType") or _OCI_MANIFEST,
            _blob(manifest.config, self.config),
            tuple(map(_blob, manifest.layers, self.layers)),
        )


def _blob(descriptor: Descriptor, path: str) -> BlobFile:
    size = Path(path).stat().st_size
    if size != descriptor.size:
        raise LadingError(
            f"{path} has {size} bytes, where the manifest says {descriptor.size}: it was changed "
            "after it was built. Build the image again."
        )
    return BlobFile(path, descriptor.digest, size)
