"""Files that were written, so that those that nobody touched since need not be written again."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Tuple


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


class WrittenFiles:
    """What was written where, since it was made.

    A change within a tick of the file system's clock after the writing, a few milliseconds, which
    leaves inode and size as they are, goes unseen (git, Documentation/technical/racy-git.txt).
    """

    def __init__(self) -> None:
        self._written: Dict[Path, Tuple[str, _State]] = {}

    def remember(self, path: Path, content: str) -> None:
        """`path` has just been written; `content` determines the bytes."""
        state = _State.of(path)
        if state is not None:
            self._written[path] = (content, state)

    def has(self, path: Path, content: str) -> bool:
        """Whether `path` is as it was when it was last written, with that `content`."""
        state = _State.of(path)
        return state is not None and self._written.get(path) == (content, state)
