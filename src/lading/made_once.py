"""Files and directories that one process makes and all others use: what is unpacked once."""

import fcntl
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator


def made_once(place: Path, make: Callable[[Path], None]) -> Path:
    """`place`, after a call of `make(place)` unless it is there.

    `make` must let it appear at once, complete, and should work in a `workplace`. Any number of
    processes may ask at once: one works, the others wait. What a killed one has left in its
    workplace is removed. A file `<place>.lock` stays.
    """
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place.with_name(f"{place.name}.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            for leftover in place.parent.glob(f"{place.name}.unfinished.*"):
                shutil.rmtree(leftover)
            make(place)
    return place


@contextmanager
def workplace(place: Path) -> Iterator[Path]:
    """A directory beside `place`, to which things can be renamed from there; gone afterwards."""
    work = Path(tempfile.mkdtemp(prefix=f"{place.name}.unfinished.", dir=place.parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
