"""Creates files, directories and links in a new tree, and nowhere else.

Whatever an archive contains, nothing is written outside of the tree: names that leave it are
refused, and so are names that lead through a link from the archive.
"""

import os
import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable

DIRECTORY, FILE, LINK = "directory", "file", "link"

#: The time of everything in a tree, as in the store.
MTIME = 1

_DIRECTORY_MODE, _EXECUTABLE_MODE, _PLAIN_MODE = 0o755, 0o555, 0o444


class UnsoundError(Exception):
    """What is wrong with an archive: the rest of a sentence that begins with its name."""


@dataclass(frozen=True)
class NewTree:
    """`root` does not exist yet. Paths are relative to it; "" is the root itself.

    Files are read-only for everybody. Directories keep their owner's write permission, so that a
    cache can be removed like any directory. Nothing depends on the umask.
    """

    root: Path
    kinds: Dict[str, str] = field(default_factory=dict)

    def directory(self, path: str) -> None:
        """Create the directory and its parents. It may already exist."""
        _check(path)
        parts = path.split("/") if path else []
        for count in range(len(parts) + 1):
            directory = "/".join(parts[:count])
            if self.kinds.get(directory) != DIRECTORY:
                self._add(directory, DIRECTORY)
                os.mkdir(self._host(directory), _DIRECTORY_MODE)

    def file(self, path: str, chunks: Iterable[bytes], is_executable: bool) -> None:
        host = self._new(path, FILE)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(host, flags, 0o600), "wb") as file:
            file.writelines(chunks)
            os.fchmod(file.fileno(), _EXECUTABLE_MODE if is_executable else _PLAIN_MODE)
        os.utime(host, (MTIME, MTIME), follow_symlinks=False)

    def link(self, path: str, target: str) -> None:
        """The root must not be a link: it would lead whoever mounts or opens the tree out of it."""
        if not path:
            raise UnsoundError(f"is a link to {target!r} as a whole")
        host = self._new(path, LINK)
        if not target or "\0" in target:
            raise UnsoundError(f"has the link {path!r} to {target!r}")
        os.symlink(_bytes(target), host)
        os.utime(host, (MTIME, MTIME), follow_symlinks=False)

    def hard_link(self, path: str, first: str) -> None:
        """Add another name for a file of this tree."""
        if self.kinds.get(first) != FILE:
            raise UnsoundError(
                f"has the hard link {path!r} to {first!r}, which is not a file in it"
            )
        host = self._new(path, FILE)
        os.link(self._host(first), host, follow_symlinks=False)

    def finish(self) -> None:
        """Set the mode and time of directories, which the umask and their entries have changed."""
        for path, kind in self.kinds.items():
            if kind == DIRECTORY:
                os.chmod(self._host(path), _DIRECTORY_MODE)
                os.utime(self._host(path), (MTIME, MTIME))

    def _new(self, path: str, kind: str) -> bytes:
        """The path of a new entry, in a directory of the tree."""
        _check(path)
        if path:
            self.directory(posixpath.dirname(path))
        self._add(path, kind)
        return self._host(path)

    def _add(self, path: str, kind: str) -> None:
        if path in self.kinds:
            raise UnsoundError(f"has {path!r} both as a {self.kinds[path]} and as a {kind}")
        self.kinds[path] = kind

    def _host(self, path: str) -> bytes:
        return os.fsencode(self.root) + (b"/" + _bytes(path) if path else b"")


def _check(path: str) -> None:
    if path and {"", ".", ".."} & set(path.split("/")) or "\0" in path:
        raise UnsoundError(f"has {path!r}, which is outside of it")


def _bytes(text: str) -> bytes:
    """UTF-8 whatever the locale, unlike os.fsencode."""
    return text.encode("utf-8", "surrogateescape")
