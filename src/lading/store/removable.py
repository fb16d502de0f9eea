"""Trees that their owner can remove, whatever modes a build gave to directories."""

import os
import stat
from pathlib import Path


def let_owner_remove(tree: Path) -> None:
    """Open the directories of `tree` for their owner. Root needs no such thing."""
    if os.geteuid() == 0:
        return
    pending = [os.fspath(tree)]
    while pending:
        directory = pending.pop()
        mode = os.lstat(directory).st_mode
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(directory, stat.S_IMODE(mode) | stat.S_IRWXU)
        with os.scandir(directory) as entries:
            pending += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
