"""A tree of files on the host, walked in the same order on every machine."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List

from lading.files.kind import Kind
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown


@dataclass(frozen=True)
class Entry:
    """One thing in a tree. `path` is relative to the root, which itself is "."; `host` is the path
    on the host; `mode` is the whole `st_mode`, of a symlink rather than its target."""

    path: str
    host: str
    mode: int
    inode: int
    size: int

    @property
    def kind_in_words(self) -> str:
        """Such as "a pipe"."""
        kind = Kind.of_mode(self.mode)
        return f"a {kind.value if kind else 'socket'}"

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
    """`root` and everything below it: parents first, siblings by the bytes of their names.

    Links are not followed. Raises `LadingError` for a path that is too long for the host.
    """
    pending: List[str] = ["."]
    while pending:
        path = pending.pop()
        host = os.path.normpath(os.path.join(root, path))
        status = _status(host, path)
        entry = Entry(path, host, status.st_mode, status.st_ino, status.st_size)
        yield entry
        if entry.is_directory:
            names = sorted(os.listdir(host), key=os.fsencode, reverse=True)
            pending.extend(os.path.normpath(os.path.join(path, name)) for name in names)


def _status(host: str, path: str) -> os.stat_result:
    try:
        return os.lstat(host)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise LadingError(
            f"{printable(shown(path))} lies so deep that its path is longer than Linux takes "
            "(4,095 bytes, with those of the directory that the tree is in). Leave it out, or give "
            "its directories shorter names."
        ) from error
