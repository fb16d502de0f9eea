"""Removes an untrusted tree, however deep it is."""

import itertools
import os
from pathlib import Path


def remove_tree(tree: Path) -> None:
    """Remove the directory `tree`, or what an earlier call has left of it. The caller must have all
    permissions on its content, like root of a user namespace.

    Directories are moved to the top before they are emptied, because paths are limited in length,
    and `shutil.rmtree` recurses, or keeps a file open for each level.
    """
    top = f"{tree}.removed"
    os.makedirs(top, 0o700, exist_ok=True)
    pending = os.listdir(top)
    numbers = itertools.count(1 + max(map(int, pending), default=0))

    def move(directory: str) -> None:
        number = str(next(numbers))
        os.rename(directory, f"{top}/{number}")
        pending.append(number)

    if os.path.lexists(tree):
        move(str(tree))
    while pending:
        directory = f"{top}/{pending.pop()}"
        with os.scandir(directory) as entries:
            names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_directory in names:
            if is_directory:
                move(f"{directory}/{name}")
            else:
                os.unlink(f"{directory}/{name}")
        os.rmdir(directory)
    os.rmdir(top)
