"""A pointer to content (OCI image-spec, descriptor.md)."""

import re
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

from lading.digest import Sha256
from lading.foreign_text import shown

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LARGEST_SIZE = 1 << 62


class MalformedError(ValueError):
    """A document of a registry is not what it must be, for the reason that is its text."""


@dataclass(frozen=True)
class Descriptor:
    """`size` in bytes, as stored. `media_type` is empty where it is missing. `urls` are of
    layers that may not be in the registry.
    """

    media_type: str
    digest: Sha256
    size: int
    urls: Tuple[str, ...] = ()

    @classmethod
    def parse(cls, fields: Any, name: str) -> "Descriptor":
        """MalformedError, about `name`, for what is no descriptor."""
        if not isinstance(fields, dict):
            raise MalformedError(f"its {name} is not a descriptor")
        size = fields.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_SIZE:
            raise MalformedError(f"its {name} has the size {shown(repr(size))}")
        urls = fields.get("urls")
        return cls(
            text_of(fields, "mediaType"),
            _digest(fields, name),
            size,
            tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        )

    @property
    def is_foreign(self) -> bool:
        """Whether the blob may be anywhere but in the registry."""
        return "foreign" in self.media_type or "nondistributable" in self.media_type


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """Empty for what is missing or no text."""
    value: Optional[Any] = fields.get(name)
    return value if isinstance(value, str) else ""


def _digest(fields: Mapping[str, Any], name: str) -> Sha256:
    text = fields.get("digest")
    match = _DIGEST.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise MalformedError(
            f"its {name} has the digest {shown(repr(text))}, where one of sha256 must be"
        )
    return Sha256(match.group(1))
