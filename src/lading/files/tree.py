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
class HostFile:
    """One file, directory, symlink, or whatever else is in a tree on the host."""

    #: Relative to the root, which itself is ".".
    path: str
    #: On the host.
    host: str
    #: Of a symlink, not of its target.
    status: os.stat_result

    @property
    def kind_in_words(self) -> str:
        """Such as "a pipe"."""
        kind = Kind.of_mode(self.status.st_mode)
        return f"a {kind.value if kind else 'socket'}"

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_executable(self) -> bool:
        return self.is_file and bool(self.status.st_mode & stat.S_IXUSR)


def walk(root: Path) -> Iterator[HostFile]:
    """`root` and everything below it: parents first, siblings by the bytes of their names.

    Links are not followed. Raises `LadingError` for a path that is too long for the host.
    """
    pending: List[str] = ["."]
    while pending:
        path = pending.pop()
        host = os.path.normpath(os.path.join(root, path))
        entry = HostFile(path, host, _status(host, path))
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
