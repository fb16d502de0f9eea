"""Where extension modules look for libraries.

A library that has DT_RUNPATH looks there and nowhere else but in the standard directories; one
that has DT_RPATH, or nothing, also looks where the program does that loads it (ld.so(8)). The store
has no standard directories. Wheels have DT_RPATH nearly always, as auditwheel sets it.
"""

import mmap
import os
import struct
from pathlib import Path
from typing import Optional, Tuple

from lading.store.elf import MAGIC, Elf

# elf(5): the offsets in the header of a 64-bit file, and the sizes of entries.
_CLASS_64, _LITTLE_ENDIAN = 2, 1
_PROGRAM_HEADERS, _PROGRAM_COUNTS = 32, 54
_PROGRAM_LAYOUT, _DYNAMIC_LAYOUT = "<IIQQQQQQ", "<qQ"
_PT_DYNAMIC = 2
_DT_NULL, _DT_RPATH, _DT_RUNPATH = 0, 15, 29
_MOST_DYNAMIC_ENTRIES = 1 << 16


def inherit_search_path(path: Path) -> None:
    """Put DT_RPATH in the place of DT_RUNPATH if `path` is a 64-bit ELF file with that alone."""
    with path.open("r+b") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
        with mmap.mmap(file.fileno(), 0) as data:
            try:
                offset = _runpath_offset(data)
            except (struct.error, OverflowError):
                return  # It only begins like an ELF file.
            if offset is not None:
                struct.pack_into("<q", data, offset, _DT_RPATH)


def _runpath_offset(data: mmap.mmap) -> Optional[int]:
    if data[4:6] != bytes((_CLASS_64, _LITTLE_ENDIAN)):
        return None
    (table,) = struct.unpack_from("<Q", data, _PROGRAM_HEADERS)
    entry_size, count = struct.unpack_from("<HH", data, _PROGRAM_COUNTS)
    for index in range(count):
        fields = struct.unpack_from(_PROGRAM_LAYOUT, data, table + index * entry_size)
        if fields[0] == _PT_DYNAMIC:
            return _runpath_in(data, fields[2], fields[5])
    return None


def _runpath_in(data: mmap.mmap, start: int, size: int) -> Optional[int]:
    """The same of a dynamic section."""
    found = None
    step = struct.calcsize(_DYNAMIC_LAYOUT)
    for offset in range(start, start + min(size, step * _MOST_DYNAMIC_ENTRIES), step):
        tag, _ = struct.unpack_from(_DYNAMIC_LAYOUT, data, offset)
        if tag == _DT_NULL:
            break
        if tag == _DT_RPATH:
            return None
        if tag == _DT_RUNPATH:
            found = offset
    return found


def inherited_libraries(program: Elf, root: Path) -> Tuple[str, ...]:
    """The names of all that lies where a program has its extension modules look, sorted; its own
    directories are below `root`."""
    directories = () if program.runpath else program.rpath
    places = (root / directory.lstrip("/") for directory in directories)
    return tuple(sorted({name for place in places if place.is_dir() for name in os.listdir(place)}))
