"""Where extension modules search libraries.

A library with DT_RUNPATH is only searched there and in the standard directories. One with DT_RPATH,
or with neither, also uses the search path of the program that loads it (ld.so(8)). The store has no
standard directories. Wheels nearly always have DT_RPATH, which auditwheel sets.
"""

import os
from pathlib import Path
from typing import Tuple

from lading.store.elf import Elf


def inherited_libraries(program: Elf, root: Path) -> Tuple[str, ...]:
    """The sorted names of everything in the directories in which a program makes its extension
    modules search; the program's own directories are below `root`."""
    directories = () if program.runpath else program.rpath
    places = (root / directory.lstrip("/") for directory in directories)
    return tuple(sorted({name for place in places if place.is_dir() for name in os.listdir(place)}))
