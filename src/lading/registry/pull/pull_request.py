"""What `pull_main` is asked for. What has a digest is named by that alone, so that neither registry
nor machine is in it."""

from dataclasses import dataclass
from typing import Any, Union

from lading.image.config.platform import Platform
from lading.registry.reference import Reference
from lading.values.digest import Sha256
from lading.values.json_codec import from_json


@dataclass(frozen=True)
class ImageRequest:
    """Manifest and config of an image; `digest` may be of an index that has it."""

    digest: Sha256
    platform: Platform


@dataclass(frozen=True)
class BlobRequest:
    """`size` in bytes, as the manifest says."""

    digest: Sha256
    size: int


@dataclass(frozen=True)
class TagRequest:
    """What the tag of `reference` names now."""

    reference: Reference


def request_from_json(text: str) -> Union[ImageRequest, BlobRequest, TagRequest]:
    kind: Any = Union[ImageRequest, BlobRequest, TagRequest]
    request: Union[ImageRequest, BlobRequest, TagRequest] = from_json(kind, text)
    return request
