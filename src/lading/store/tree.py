"""A tree of files on the host, walked in an order that every machine has in common."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List


@dataclass(frozen=True)
class Entry:
    """One thing in a tree. `path` is relative to the root, which itself is "."; `host` is where
    it lies; `mode` is the whole `st_mode`, not followed through a symlink."""

    path: str
    host: str
    mode: int
    inode: int
    size: int

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_executable(self) -> bool:
        return self.is_file and bool(self.mode & stat.S_IXUSR)


def walk(root: Path) -> Iterator[Entry]:
    """`root` and all below it: parents first, siblings by the bytes of their names.

    Links are not followed.
    """
    pending: List[str] = ["."]
    while pending:
        path = pending.pop()
        host = os.path.normpath(os.path.join(root, path))
        status = os.lstat(host)
        entry = Entry(path, host, status.st_mode, status.st_ino, status.st_size)
        yield entry
        if entry.is_directory:
            names = sorted(os.listdir(host), key=os.fsencode, reverse=True)
            pending.extend(os.path.normpath(os.path.join(path, name)) for name in names)
