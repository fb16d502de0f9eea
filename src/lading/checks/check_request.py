"""The request of `check_main`: what to check, and in which image."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.checks.checks import Checks
from lading.engines.container_engine import Engine
from lading.store.package import StorePackage


@dataclass(frozen=True)
class CheckRequest:
    """`config` is a file; `layers` are blobs, lowest first, or empty if none of `checks` needs
    them. `compressed_size` is in bytes; `closure` is what the store has.

    Unless `engine` is `NONE`, `archive` is the image's, and `ids` are the ids that the engine may
    give it. `timeout` is in seconds, for all commands together. `name` is the test's.
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
