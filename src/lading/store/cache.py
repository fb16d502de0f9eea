"""What is unpacked once a machine: the append-only cache that every program finds."""

import os
import shutil
import tempfile
from pathlib import Path

from lading.store.request import InputPackage
from lading.store.segment import unpack_segment

#: Where the cache lies in a program's sandbox.
CACHE = Path(".lading/cache")


def unpacked(package: InputPackage) -> Path:
    """Where the package is unpacked on this machine; unpacks it if this is its first use."""
    directory = (CACHE / "store" / package.sha256).absolute()
    if not directory.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".unpacking-"))
        unpack_segment(Path(package.segment), temporary)
        os.chmod(temporary, 0o755)
        try:
            os.rename(temporary, directory)
        except OSError:
            # Another process was first; what it put there has the same digest.
            shutil.rmtree(temporary)
    return directory / package.path.base
