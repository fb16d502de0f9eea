"""The path of the cache for files that are fetched or unpacked once per machine.

It outlives sandboxes: Pants links it into them as an append-only cache, see
`lading.runtime.machine`.
"""

import os
from contextlib import suppress

CACHE_DIR = ".lading/cache"


def restore_cache() -> None:
    """If somebody removes the cache while Pants' daemon runs, Pants' links to it lead nowhere."""
    if os.path.islink(CACHE_DIR) and not os.path.exists(CACHE_DIR):
        with suppress(OSError):  # whoever needs the directory reports why it is missing
            os.makedirs(os.path.realpath(CACHE_DIR), exist_ok=True)
