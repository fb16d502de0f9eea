"""The machine's devices for programs that root starts: they can be used, but not changed."""

import os
from contextlib import suppress
from pathlib import Path

from lading.namespaces import linux

#: The devices that every container has.
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")


def protect_devices() -> None:
    """Give this process, which is root, and its children their own mounts, in which the mode, owner
    and times of devices can't be changed. The devices can still be read and written.

    Call it in a child of a program with threads, immediately before execve.
    """
    # If root can't mount anything, it is a container's root, and the devices are the container's.
    with suppress(PermissionError):
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
        for name in DEVICES:
            device = Path("/dev", name)
            if os.path.exists(device):
                linux.bind(device, device)
                linux.make_read_only(device)
