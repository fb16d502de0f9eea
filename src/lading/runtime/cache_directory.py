"""Where programs find the cache of what is fetched and unpacked once a machine.

It outlives their sandboxes: Pants links it in as an append-only cache, see
`lading.runtime.machine`.
"""

import os
from contextlib import suppress

CACHE_DIR = ".lading/cache"


def restore_cache() -> None:
    """Whoever removes the cache while Pants' daemon runs leaves links to it that lead nowhere."""
    if os.path.islink(CACHE_DIR) and not os.path.exists(CACHE_DIR):
        with suppress(OSError):  # who needs it will say why it is not there
            os.makedirs(os.path.realpath(CACHE_DIR), exist_ok=True)
