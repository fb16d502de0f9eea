"""Disks that are small, and full when a test says so."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


@contextmanager
def small_disk(directory: Path, megabytes: int) -> Iterator[None]:
    """The directory is a disk of its own until the block ends. Only root can do that."""
    directory.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(directory)], check=True)
    try:
        yield
    finally:
        # Lazily: who is being ended may still be in there.
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def filled(directory: Path, free: int) -> Iterator[None]:
    """The small disk has no more than so many bytes left until the block ends."""
    disk = os.statvfs(directory)
    ballast = directory / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - free)
    try:
        yield
    finally:
        ballast.unlink()
