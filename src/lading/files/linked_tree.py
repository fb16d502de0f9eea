"""A second tree with the files of another one, for little time and room."""

import errno
import os
import shutil
import stat
from pathlib import Path

# Another file system, one without hard links, a file that may not be linked or has too many links.
_UNLINKABLE = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)


def link_tree(source: Path, target: Path) -> None:
    """Create `target` with the content, modes and times of `source`, a directory or a file.

    Files become hard links to those of `source`, or copies where that is not possible. Whoever may
    write to a file of `source` may therefore write to its link too.
    """
    status = os.lstat(source)
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISDIR(status.st_mode):
        os.mkdir(target)
        for name in os.listdir(source):
            link_tree(source / name, target / name)
        os.chmod(target, stat.S_IMODE(status.st_mode))
    else:
        _link_file(source, target)
        return
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(target, ns=times, follow_symlinks=False)


def _link_file(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _UNLINKABLE:
            raise
        shutil.copy2(source, target)
