"""Where extension modules look for libraries.

A library that has DT_RUNPATH looks there and nowhere else but in the standard directories; one
that has DT_RPATH, or nothing, also looks where the program does that loads it (ld.so(8)). The store
has no standard directories. Wheels have DT_RPATH nearly always, as auditwheel sets it.
"""

import os
from pathlib import Path
from typing import Tuple

from lading.store.elf import Elf


def inherited_libraries(program: Elf, root: Path) -> Tuple[str, ...]:
    """The names of all that lies where a program has its extension modules look, sorted; its own
    directories are below `root`."""
    directories = () if program.runpath else program.rpath
    places = (root / directory.lstrip("/") for directory in directories)
    return tuple(sorted({name for place in places if place.is_dir() for name in os.listdir(place)}))
