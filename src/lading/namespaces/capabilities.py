"""What root needs to build in a chroot. Many containers give root less than a machine does."""

from pathlib import Path
from typing import Tuple

# capabilities(7). docker gives all of them by default, podman 4 all but CAP_MKNOD.
_CAPABILITIES = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_FOWNER": 3,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SETPCAP": 8,
    "CAP_SYS_CHROOT": 18,
    "CAP_MKNOD": 27,
}


def missing_capabilities() -> Tuple[str, ...]:
    """The names of the capabilities that this process lacks for a build in a chroot."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (effective,) = (int(line.split()[1], 16) for line in lines if line.startswith("CapEff:"))
    return tuple(name for name, bit in _CAPABILITIES.items() if not effective >> bit & 1)
