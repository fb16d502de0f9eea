"""What `check_main` checks, and of which image."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from lading.checks.absence_check import package_from_dict, package_to_dict
from lading.checks.checks import Checks
from lading.engines.container_engine import Engine
from lading.store.package import StorePackage


@dataclass(frozen=True)
class CheckRequest:
    """`config` is a file; `layers` are blobs, lowest first, or nothing where none of `checks` needs
    them. `compressed_size` is in bytes, `closure` what lies in the store.

    Unless `engine` is `NONE`, `archive` is the image's, and `ids` are what the engine may call
    it. `timeout` is in seconds, for all commands together. `name` is of the test.
    """

    name: str
    checks: Checks
    config: str
    layers: Tuple[str, ...]
    compressed_size: int
    closure: Tuple[StorePackage, ...]
    engine: Engine
    archive: str
    ids: Tuple[str, ...]
    timeout: Optional[int]

    def to_json(self) -> str:
        fields = {
            **vars(self),
            "checks": self.checks.to_dict(),
            "closure": [package_to_dict(package) for package in self.closure],
            "engine": self.engine.value,
        }
        return json.dumps(fields, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "CheckRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            **{
                **fields,
                "checks": Checks.from_dict(fields["checks"]),
                "layers": tuple(fields["layers"]),
                "closure": tuple(map(package_from_dict, fields["closure"])),
                "engine": Engine(fields["engine"]),
                "ids": tuple(fields["ids"]),
            }
        )
