"""What files were found to contain, so that those that nobody touched need not be read again."""

import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Tuple

from lading.digest import Sha256

# A file that is written twice within the time that clocks of file systems take for one moment
# looks the same after the second time (git, Documentation/technical/racy-git.txt).
_MOMENT_NANOSECONDS = 2_000_000_000


@dataclass(frozen=True)
class _State:
    """All that changes when a file does: `ctime` does even where somebody sets `mtime` back."""

    inode: int
    size: int
    mtime: int
    ctime: int

    @classmethod
    def of(cls, path: Path) -> "Optional[_State]":
        """None unless it is a regular file, and no link to one."""
        try:
            status = path.lstat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class KnownFiles:
    def __init__(self) -> None:
        self._known: Dict[Path, Tuple[_State, Sha256]] = {}

    def has(self, path: Path, content: Sha256, size: int) -> bool:
        """Whether there is a regular file with that content, of `size` bytes. It is read only if
        it is not known to have been as it is now when it was read before."""
        state = _State.of(path)
        if state is None or state.size != size:
            return False
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = (state, Sha256.of_file(path))
            if _State.of(path) != state:
                return False
            if time.time_ns() - state.ctime > _MOMENT_NANOSECONDS:
                self._known[path] = known
        return known[1] == content
