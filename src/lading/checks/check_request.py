"""What `check_main` checks, and of which image."""

from dataclasses import dataclass
from typing import Optional, Tuple

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
