"""A realised store package, as the steps after its build know it."""

import json
from dataclasses import dataclass
from typing import Tuple

from lading.values.path import StorePath


@dataclass(frozen=True, order=True)
class StorePackage:
    """What a build says of its result.

    `references` are the store paths whose hash occurs in the package, sorted, without itself.
    `segment_sha256` (hex) and `segment_size` (bytes) are of the tar segment, `unpacked_size` is
    the sum of its files' bytes. `reasons` has, for each reference in order, a file it was found
    in.
    """

    path: StorePath
    references: Tuple[StorePath, ...]
    reasons: Tuple[str, ...]
    segment_sha256: str
    segment_size: int
    unpacked_size: int

    def to_json(self) -> str:
        fields = {
            "path": str(self.path),
            "references": [
                {"path": str(path), "found_in": reason}
                for path, reason in zip(self.references, self.reasons)
            ],
            "segment": {"sha256": self.segment_sha256, "size": self.segment_size},
            "unpacked_size": self.unpacked_size,
        }
        return json.dumps(fields, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "StorePackage":
        fields = json.loads(text)
        return cls(
            path=StorePath.parse(fields["path"]),
            references=tuple(StorePath.parse(entry["path"]) for entry in fields["references"]),
            reasons=tuple(entry["found_in"] for entry in fields["references"]),
            segment_sha256=fields["segment"]["sha256"],
            segment_size=fields["segment"]["size"],
            unpacked_size=fields["unpacked_size"],
        )
