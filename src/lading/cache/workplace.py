"""Temporary places for things before they appear under their names."""

import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

#: Stands between the final name of what is being created and a random suffix.
UNFINISHED = ".unfinished."


@contextmanager
def workplace(place: Path) -> Iterator[Path]:
    """A directory beside `place`, from which things can be renamed to it; removed afterwards."""
    work = Path(tempfile.mkdtemp(prefix=f"{place.name}{UNFINISHED}", dir=place.parent))
    try:
        yield work
    finally:
        remove_tree(work)


def remove_tree(tree: Path) -> None:
    """Removes read-only trees, too. Raises OSError if something can't be removed."""
    if not tree.is_dir() or tree.is_symlink():
        tree.unlink(missing_ok=True)
        return
    for directory, names, _ in os.walk(tree):
        for name in (".", *names):
            path = os.path.join(directory, name)
            if stat.S_ISDIR(os.lstat(path).st_mode):
                os.chmod(path, 0o700)
    shutil.rmtree(tree)
