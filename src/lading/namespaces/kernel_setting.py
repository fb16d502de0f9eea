"""Sysctls that forbid namespaces."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional


@dataclass(frozen=True)
class KernelSetting:
    """A sysctl that, set to `value`, denies what is needed to create namespaces; `remedy` restores
    it. It only affects root if it `binds_root`."""

    name: str
    value: str
    remedy: str
    binds_root: bool = False

    def forbids(self, user: Optional[int] = None) -> bool:
        """Whether it affects the user with this id, or the current user."""
        path = Path("/proc/sys", *self.name.split("."))
        is_root = (os.getuid() if user is None else user) == 0
        if not path.exists() or (is_root and not self.binds_root):
            return False
        return path.read_text(encoding="ascii").strip() == self.value


NAMESPACE_SETTINGS = (
    KernelSetting("user.max_user_namespaces", "0", "15000", binds_root=True),
    KernelSetting("kernel.unprivileged_userns_clone", "0", "1"),
    KernelSetting("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
)
