"""The platform an image is for (OCI image-spec, image-index.md, platform)."""

import re
from dataclasses import dataclass
from typing import Dict

from lading.values.errors import LadingError

_PLATFORM = re.compile(r"(?P<os>linux)/(?P<architecture>[a-z0-9]+)(?:/(?P<variant>[a-z0-9.]+))?")


@dataclass(frozen=True)
class Platform:
    """Go's names: `architecture` is amd64, arm64 and so on; `variant` is often empty."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> "Platform":
        match = _PLATFORM.fullmatch(text)
        if match is None:
            raise LadingError(
                f"the platform {text!r} is not known. Write `linux/amd64` or `linux/arm64`."
            )
        return cls(match["os"], match["architecture"], match["variant"] or "")

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def to_dict(self) -> Dict[str, str]:
        fields = {"os": self.os, "architecture": self.architecture}
        if self.variant:
            fields["variant"] = self.variant
        return fields
