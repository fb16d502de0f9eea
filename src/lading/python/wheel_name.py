"""The names of wheels: PEP 427."""

import re
from dataclasses import dataclass

from lading.values.errors import LadingError


@dataclass(frozen=True)
class WheelName:
    """`distribution` is normalised (PEP 503)."""

    filename: str
    distribution: str
    version: str

    @classmethod
    def parse(cls, filename: str) -> "WheelName":
        """Raises LadingError for anything but a wheel's name."""
        parts = filename[: -len(".whl")].split("-")
        if not filename.endswith(".whl") or len(parts) not in (5, 6):
            raise LadingError(f"`pex` has a part {filename!r}, which is not the name of a wheel.")
        return cls(filename, re.sub(r"[-_.]+", "-", parts[0]).lower(), parts[1])
