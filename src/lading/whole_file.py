"""Files that appear at once, complete, or not at all, also when who writes them is killed."""

import errno
import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Iterator, Optional

# What open(2) and the file systems of old answer to O_TMPFILE.
_NO_UNNAMED_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """What is written takes the place of the file or link at `path` when the block ends.

    After an exception `path` is as it was, and nothing else is left. Until the end the file has no
    name (open(2), O_TMPFILE), so that it is gone when the program is killed. Where the file system
    has no such files, a killed program leaves `.<name>.partial`, which the next one uses.
    """
    unnamed = _open_unnamed(path.parent)
    named = path.with_name(f".{path.name}.{'partial' if unnamed is None else os.getpid()}")
    with unnamed or _open_alone(named) as file:
        try:
            yield file
            file.flush()
            if unnamed:
                _give_name(file, named)
            named.replace(path)
        except BaseException:
            named.unlink(missing_ok=True)
            raise


def write_whole(path: Path, text: str) -> None:
    """The same for a text, in UTF-8."""
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))


def _open_unnamed(directory: Path) -> Optional[BinaryIO]:
    """None where the file system can't."""
    try:
        return os.fdopen(os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o666), "wb")
    except OSError as error:
        if error.errno in _NO_UNNAMED_FILES:
            return None
        raise


def _give_name(file: BinaryIO, path: Path) -> None:
    """As open(2) says under O_TMPFILE."""
    directory = os.open(path.parent, os.O_PATH)
    try:
        # With a directory, Python calls linkat(2), which can follow the link in /proc.
        os.link(f"/proc/self/fd/{file.fileno()}", path.name, dst_dir_fd=directory)
    finally:
        os.close(directory)


def _open_alone(path: Path) -> BinaryIO:
    """The empty file `path`, which no other program writes to until it is closed or renamed."""
    while True:
        file = path.open("ab")
        fcntl.flock(file, fcntl.LOCK_EX)
        # Another program may have renamed it while this one waited.
        if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            file.truncate(0)
            return file
        file.close()
