"""Where something is made before it appears under its name."""

import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

#: Stands between the name of what is made and something random.
UNFINISHED = ".unfinished."


@contextmanager
def workplace(place: Path) -> Iterator[Path]:
    """A directory beside `place`, to which things can be renamed from there; gone afterwards."""
    work = Path(tempfile.mkdtemp(prefix=f"{place.name}{UNFINISHED}", dir=place.parent))
    try:
        yield work
    finally:
        remove_tree(work)


def remove_tree(tree: Path) -> None:
    """Also what nobody may write to. OSError where something can't be removed."""
    if not tree.is_dir() or tree.is_symlink():
        tree.unlink(missing_ok=True)
        return
    for directory, names, _ in os.walk(tree):
        for name in (".", *names):
            path = os.path.join(directory, name)
            if stat.S_ISDIR(os.lstat(path).st_mode):
                os.chmod(path, 0o700)
    shutil.rmtree(tree)
