"""What to say when a disk is full."""

import os
from pathlib import Path

# lading.machine's CACHE_DIR. All that is imported here is part of every store path.
_CACHE = Path(".lading/cache")


def full_disk(error: OSError) -> str:
    """The sentence for the user: how much is free where programs write, and what to do.

    It can't be told from all errors where there was no room, and what was begun is removed by now.
    """
    places = [f"Where sandboxes lie, {_free(Path.cwd())}"]
    if _CACHE.is_dir():
        places.append(f"where caches lie, {_free(_CACHE.resolve())}")
    return (
        f"there is no room left on a disk ({error}). {'; '.join(places)}. Make room and run it "
        "again, or let `local_execution_root_dir` or `named_caches_dir` in [GLOBAL] of pants.toml "
        "name a directory on a larger disk."
    )


def _free(directory: Path) -> str:
    disk = os.statvfs(directory)
    free, size = (blocks * disk.f_frsize / 1e6 for blocks in (disk.f_bavail, disk.f_blocks))
    free_files = ", but no more files can be made" if disk.f_files and not disk.f_favail else ""
    return f"{directory}, {free:,.1f} of {size:,.1f} MB are free now{free_files}"
