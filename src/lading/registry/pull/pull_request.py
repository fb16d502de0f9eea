"""The requests of `pull_main`. Content with a digest is identified by the digest alone, so that
neither the registry nor the machine is part of the cache key."""

from dataclasses import dataclass
from typing import Any, Union

from lading.image.config.platform import Platform
from lading.registry.reference import Reference
from lading.values.digest import Sha256
from lading.values.json_codec import from_json


@dataclass(frozen=True)
class ImageRequest:
    """Manifest and config of an image; `digest` may be of an index that contains it."""

    digest: Sha256
    platform: Platform


@dataclass(frozen=True)
class BlobRequest:
    """`size` in bytes, from the manifest."""

    digest: Sha256
    size: int


@dataclass(frozen=True)
class TagRequest:
    """Asks what the tag of `reference` names now."""

    reference: Reference


def request_from_json(text: str) -> Union[ImageRequest, BlobRequest, TagRequest]:
    kind: Any = Union[ImageRequest, BlobRequest, TagRequest]
    request: Union[ImageRequest, BlobRequest, TagRequest] = from_json(kind, text)
    return request
