"""The machine's devices, as what root starts may see them: to be used, but not to be changed."""

import os
from contextlib import suppress
from pathlib import Path

from lading.namespaces import linux

#: Those that every container has.
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")


def protect_devices() -> None:
    """Give this process, which is root, and what it starts mounts of their own, in which the mode,
    owner and times of devices can't be changed, though the devices can be read and written.

    Call it in a child of a program with threads, right before execve.
    """
    # Where root may not mount anything, it is a container's, and so are the devices in there.
    with suppress(PermissionError):
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
        for name in DEVICES:
            device = Path("/dev", name)
            if os.path.exists(device):
                linux.bind(device, device)
                linux.make_read_only(device)
