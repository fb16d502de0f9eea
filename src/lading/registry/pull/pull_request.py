"""What `pull_main` is asked for. Named by digest: neither registry nor machine is in it."""

import json
from dataclasses import dataclass
from typing import Union

from lading.image.config.platform import Platform
from lading.values.digest import Sha256


@dataclass(frozen=True)
class ImageRequest:
    """Manifest and config of an image; `digest` may be of an index that has it."""

    digest: Sha256
    platform: Platform

    def to_json(self) -> str:
        return json.dumps({"digest": str(self.digest), "platform": str(self.platform)})


@dataclass(frozen=True)
class BlobRequest:
    """`size` in bytes, as the manifest says."""

    digest: Sha256
    size: int

    def to_json(self) -> str:
        return json.dumps({"digest": str(self.digest), "size": self.size})


def request_from_json(text: str) -> Union[ImageRequest, BlobRequest]:
    fields = json.loads(text)
    digest = Sha256.parse(fields["digest"])
    if "platform" in fields:
        return ImageRequest(digest, Platform.parse(fields["platform"]))
    return BlobRequest(digest, fields["size"])
