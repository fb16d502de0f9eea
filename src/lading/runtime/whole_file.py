"""Files that appear at once, complete, or not at all, also when who writes them is killed."""

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Iterator, Optional

from lading.runtime.locked_file import open_locked

# What open(2) and the file systems of old answer to O_TMPFILE.
_NO_UNNAMED_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)

_MODE = 0o666


@contextmanager
def whole_file(path: Path, mode: int = _MODE) -> Iterator[BinaryIO]:
    """What is written takes the place of the file or link at `path` when the block ends.

    The file gets `mode`, without the bits of the umask. After an exception `path` is as it was,
    and nothing else is left. Until the end the file has no name (open(2), O_TMPFILE), so that it
    is gone when the program is killed; only a kill between the two system calls that give it its
    name leaves `.<name>.<random>`. Where the file system has no such files, a killed program
    leaves `.<name>.partial`, which the next one uses.
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
    """The same for a text, in UTF-8."""
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))


def _open_unnamed(directory: Path, mode: int) -> Optional[BinaryIO]:
    """None where the file system can't."""
    try:
        return os.fdopen(os.open(directory, os.O_TMPFILE | os.O_WRONLY, mode), "wb")
    except OSError as error:
        if error.errno in _NO_UNNAMED_FILES:
            return None
        raise


def _give_name(file: BinaryIO, path: Path) -> Path:
    """A name that nothing has, beside `path`; as open(2) says under O_TMPFILE."""
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
