"""Makes trees removable for their owner, whatever modes a build gave to directories."""

import os
import stat
from pathlib import Path


def let_owner_remove(tree: Path) -> None:
    """Give the owner full access to the directories of `tree`. Root does not need this.

    Call it only while nobody else changes the tree. The tree may be deeper than paths can be long,
    so it is walked from directory to directory.
    """
    if os.geteuid() == 0:
        return
    start = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    # For each directory on the way down: its directories that have not been opened yet.
    pending = [[os.fspath(tree)]]
    try:
        while pending:
            if pending[-1]:
                _enter(pending[-1].pop())
                with os.scandir() as entries:
                    pending.append(
                        [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
                    )
            else:
                pending.pop()
                if pending:
                    os.chdir("..")
    finally:
        os.fchdir(start)
        os.close(start)


def _enter(directory: str) -> None:
    mode = os.lstat(directory).st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(directory, stat.S_IMODE(mode) | stat.S_IRWXU)
    os.chdir(directory)
