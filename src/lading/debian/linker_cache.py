"""/etc/ld.so.cache, as ldconfig(8) writes it (glibc, sysdeps/generic/dl-cache.h).

The dynamic loader of Debian looks in the standard directories without it. So it is for those that
packages add in /etc/ld.so.conf.d, and holds the libraries in these alone.
"""

import posixpath
import re
import struct
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from lading.store.elf import Elf

PATH = "etc/ld.so.cache"

_CONFIGURATION = re.compile(r"etc/ld\.so\.conf\.d/[^/]+\.conf")
_LIBRARY = re.compile(r"(?:lib|ld-)[^/]*\.so(?:\.|$)[^/]*")

_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER, _ENTRY = "<20sIIB3xI12x", "<iIIIQ"
_LITTLE_ENDIAN = 2
_ELF_LIBC6 = 3
# e_machine -> what ld.so demands of an entry (sysdeps/unix/sysv/linux/*/dl-cache.h).
_FLAGS: Mapping[int, int] = {62: 0x0300 | _ELF_LIBC6, 183: 0x0A00 | _ELF_LIBC6}


def added_directories(configurations: Mapping[str, str], triplet: str) -> Tuple[str, ...]:
    """The directories that the files of /etc/ld.so.conf.d, content by path, add to the standard
    ones; `triplet` is such as x86_64-linux-gnu."""
    standard = {f"{root}/{triplet}" for root in ("/lib", "/usr/lib")} | {"/lib", "/usr/lib"}
    added: List[str] = []
    for path in sorted(configurations):
        if _CONFIGURATION.fullmatch(path):
            for line in configurations[path].splitlines():
                directory = line.partition("#")[0].strip().rstrip("/")
                if directory.startswith("/") and directory not in (*standard, *added):
                    added.append(directory)
    return tuple(added)


def linker_cache(
    directories: Sequence[str],
    names: Callable[[str], Iterable[str]],
    read: Callable[[str], Optional[Elf]],
) -> Optional[bytes]:
    """The cache of the libraries in `directories`, None if there are none.

    `names` lists a directory, `read` tells of the ELF file at a path, links followed; paths have
    no leading slash.
    """
    found: Dict[Tuple[str, int], str] = {}
    for directory in directories:
        for key, flags, path in _libraries(directory.lstrip("/"), names, read):
            found.setdefault((key, flags), path)
    if not found:
        return None
    # The loader searches by halves, from the greatest to the least.
    ordered = sorted(found, key=lambda key: _order(key[0]), reverse=True)
    return _cache([(key, flags, found[key, flags]) for key, flags in ordered])


def _libraries(
    directory: str,
    names: Callable[[str], Iterable[str]],
    read: Callable[[str], Optional[Elf]],
) -> Iterator[Tuple[str, int, str]]:
    for name in sorted(names(directory)):
        path = posixpath.join(directory, name)
        elf = read(path) if _LIBRARY.fullmatch(name) else None
        if elf is not None and elf.is_shared_library and elf.machine in _FLAGS:
            yield name, _FLAGS[elf.machine], f"/{path}"


def _cache(entries: Sequence[Tuple[str, int, str]]) -> bytes:
    start = struct.calcsize(_HEADER) + len(entries) * struct.calcsize(_ENTRY)
    strings, rows = bytearray(), bytearray()

    def place(text: str) -> int:
        offset = start + len(strings)
        strings.extend(text.encode("utf-8", "surrogateescape") + b"\0")
        return offset

    for key, flags, path in entries:
        rows += struct.pack(_ENTRY, flags, place(key), place(path), 0, 0)
    header = struct.pack(_HEADER, _MAGIC, len(entries), len(strings), _LITTLE_ENDIAN, 0)
    return bytes(header + rows + strings)


def _order(name: str) -> List[Tuple[int, int]]:
    """_dl_cache_libcmp: runs of digits count as numbers, and come after anything else."""
    order = []
    for match in re.finditer(r"[0-9]+|[^0-9]", name):
        text = match[0]
        order.append((1, int(text)) if text.isdecimal() else (0, ord(text)))
    return order
