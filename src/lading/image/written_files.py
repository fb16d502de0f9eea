"""Remembers written files, so that unchanged ones need not be written again."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Tuple


@dataclass(frozen=True)
class FileState:
    """Everything that changes when a file does: `ctime` changes even if somebody resets `mtime`.
    Times are nanoseconds since 1970."""

    inode: int
    size: int
    mtime: int
    ctime: int

    @classmethod
    def at(cls, path: Path) -> "Optional[FileState]":
        """None unless it is a regular file; links are not followed."""
        try:
            status = path.lstat()
        except OSError:
            return None
        return cls.of(status) if stat.S_ISREG(status.st_mode) else None

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState":
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class WrittenFiles:
    """What this object knows was written, by path.

    A change that keeps inode and size goes unnoticed if it happens within a tick of the file
    system's clock after the writing, a few milliseconds (git,
    Documentation/technical/racy-git.txt).
    """

    def __init__(self) -> None:
        self._written: Dict[Path, Tuple[str, FileState]] = {}

    def remember(self, path: Path, content: str, state: FileState) -> None:
        """`path` has been written; `content` determines the bytes. `state` is the state that the
        writer left, since another program may have written the file again."""
        self._written[path] = (content, state)

    def has(self, path: Path, content: str) -> bool:
        """Whether `path` is unchanged since it was last written, with that `content`."""
        state = FileState.at(path)
        return state is not None and self._written.get(path) == (content, state)
