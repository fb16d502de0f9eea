"""A pointer to content (OCI image-spec, descriptor.md)."""

import re
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

from lading.image.config.go_json import INTEGER, STRING, STRING_MAP, STRINGS, MalformedError, Struct
from lading.values.digest import Sha256
from lading.values.foreign_text import shown

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LARGEST_SIZE = 1 << 62


PLATFORM = Struct(
    {
        "architecture": STRING,
        "os": STRING,
        "os.version": STRING,
        "os.features": STRINGS,
        "variant": STRING,
        "features": STRINGS,
    }
)

DESCRIPTOR = Struct(
    {
        "mediaType": STRING,
        "digest": STRING,
        "size": INTEGER,
        "urls": STRINGS,
        "annotations": STRING_MAP,
        "data": STRING,
        "artifactType": STRING,
        "platform": PLATFORM,
    }
)


@dataclass(frozen=True)
class Descriptor:
    """`size` is in bytes, as stored. `media_type` is empty if it is missing. `urls` belong to
    layers that may not be in the registry.
    """

    media_type: str
    digest: Sha256
    size: int
    urls: Tuple[str, ...] = ()

    @classmethod
    def parse(cls, fields: Optional[Mapping[str, Any]], name: str) -> "Descriptor":
        """From fields as `DESCRIPTOR` reads them. Raises MalformedError, which mentions `name`, for
        an invalid descriptor."""
        if fields is None:
            raise MalformedError(f"it is missing its {name}")
        size = fields.get("size")
        if size is None or not 0 <= size <= _LARGEST_SIZE:
            raise MalformedError(f"its {name} has the size {size}")
        return cls(
            fields.get("mediaType") or "",
            _digest(fields, name),
            size,
            tuple(fields.get("urls") or ()),
        )

    @property
    def is_foreign(self) -> bool:
        """Whether the blob may be somewhere other than in the registry."""
        return "foreign" in self.media_type or "nondistributable" in self.media_type


def _digest(fields: Mapping[str, Any], name: str) -> Sha256:
    text = fields.get("digest") or ""
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise MalformedError(
            f"its {name} has the digest {shown(repr(text))}, which is not a SHA-256 digest"
        )
    return Sha256(match.group(1))
