"""The request of `publish_main`.

    {"images": [{
        "name": "//images:redis",
        "manifest": "redis/manifest.json",
        "config": "redis/config.json",
        "layers": [{"path": "layer0/blob"}, {"path": "base/blob", "origin": "docker.io/library/x"}],
        "destinations": [{"repository": "registry.example/redis", "tags": ["7.0", "latest"]}]
    }]}

Layers are in the order of the manifest, which has their digests, sizes and media types. `origin` is
the repository that a base image's layer was pulled from. Other fields are ignored.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Tuple

from lading.image.reference import Repository, parse_tag
from lading.registry.descriptor import Descriptor
from lading.registry.manifest import ImageManifest, parse_manifest, parse_object
from lading.registry.push.push_image import ImageFiles
from lading.registry.push.upload import BlobFile
from lading.values.digest import Sha256
from lading.values.errors import LadingError

_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Destination:
    repository: Repository
    tags: Tuple[str, ...]


@dataclass(frozen=True)
class ImageToPublish:
    """`origins` are the origins of the base image's layers."""

    name: str
    files: ImageFiles
    origins: Mapping[Sha256, Repository]
    destinations: Tuple[Destination, ...]

    @property
    def digests(self) -> Tuple[Sha256, ...]:
        """The digests of its blobs."""
        blobs = (*self.files.layers, self.files.config)
        return tuple(dict.fromkeys(blob.digest for blob in blobs))


def images_of_request(text: str) -> Tuple[ImageToPublish, ...]:
    """Paths are below the current directory. Raises LadingError for an invalid destination."""
    return tuple(_image(fields) for fields in json.loads(text)["images"])


def _image(fields: Mapping[str, Any]) -> ImageToPublish:
    content = Path(fields["manifest"]).read_bytes()
    manifest = parse_manifest(content)
    layers = fields["layers"]
    if not isinstance(manifest, ImageManifest) or len(manifest.layers) != len(layers):
        raise ValueError(f"{fields['manifest']} is not the manifest of {len(layers)} layers")
    files = ImageFiles(
        content,
        parse_object(content).get("mediaType") or _OCI_MANIFEST,
        _blob(manifest.config, fields["config"]),
        tuple(_blob(one, layer["path"]) for one, layer in zip(manifest.layers, layers)),
    )
    origins = {
        blob.digest: Repository.parse(layer["origin"])
        for blob, layer in zip(files.layers, layers)
        if layer.get("origin")
    }
    destinations = tuple(_destination(one) for one in fields["destinations"])
    return ImageToPublish(fields["name"], files, origins, destinations)


def _blob(descriptor: Descriptor, path: str) -> BlobFile:
    size = Path(path).stat().st_size
    if size != descriptor.size:
        raise LadingError(
            f"{path} has {size} bytes, where the manifest says {descriptor.size}: it was changed "
            "after it was built. Build the image again."
        )
    return BlobFile(path, descriptor.digest, size)


def _destination(fields: Mapping[str, Any]) -> Destination:
    tags = tuple(dict.fromkeys(parse_tag(tag) for tag in fields["tags"]))
    return Destination(Repository.parse(fields["repository"]), tags)
