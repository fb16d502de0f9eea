"""Files that appear complete or not at all, even if the program that writes them is killed."""

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Iterator, Optional

from lading.runtime.locked_file import open_locked

# The answers of open(2) and of old file systems to O_TMPFILE.
_NO_UNNAMED_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)

_MODE = 0o666


@contextmanager
def whole_file(path: Path, mode: int = _MODE) -> Iterator[BinaryIO]:
    """Replace the file or link at `path` with what is written when the block ends.

    The file gets `mode`, without the bits of the umask. After an exception `path` is unchanged, and
    nothing else is left. Until the end the file has no name (open(2), O_TMPFILE), so it is gone if
    the program is killed; only a kill between the two system calls that name it leaves
    `.<name>.<random>`. On a file system without such files, a killed program leaves
    `.<name>.partial`, which the next one reuses.
    """
    unnamed = _open_unnamed(path.parent, mode)
    if unnamed is None:
        with _named(path, mode) as file:
            yield file
        return
    with unnamed as file:
        yield file
        file.flush()
        named = _give_name(file, path)
        try:
            named.replace(path)
        except BaseException:
            named.unlink()
            raise


def write_whole(path: Path, text: str) -> None:
    """Like `whole_file`, for a text in UTF-8."""
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))


def _open_unnamed(directory: Path, mode: int) -> Optional[BinaryIO]:
    """None if the file system does not support it."""
    try:
        return os.fdopen(os.open(directory, os.O_TMPFILE | os.O_WRONLY, mode), "wb")
    except OSError as error:
        if error.errno in _NO_UNNAMED_FILES:
            return None
        raise


def _give_name(file: BinaryIO, path: Path) -> Path:
    """Give the file an unused name beside `path`, as described in open(2) under O_TMPFILE."""
    directory = os.open(path.parent, os.O_PATH)
    try:
        while True:
            name = f".{path.name}.{os.urandom(4).hex()}"
            with suppress(FileExistsError):
                # With a directory, Python calls linkat(2), which can follow the link in /proc.
                os.link(f"/proc/self/fd/{file.fileno()}", name, dst_dir_fd=directory)
                return path.with_name(name)
    finally:
        os.close(directory)


@contextmanager
def _named(path: Path, mode: int) -> Iterator[BinaryIO]:
    partial = path.with_name(f".{path.name}.partial")
    with open_locked(partial, mode) as file:
        try:
            file.truncate(0)
            yield file
            file.flush()
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
