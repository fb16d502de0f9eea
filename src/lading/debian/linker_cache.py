"""/etc/ld.so.cache, as ldconfig(8) writes it (glibc, sysdeps/generic/dl-cache.h, elf/cache.c)."""

import posixpath
import re
import struct
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from lading.store.elf import Elf

PATH = "etc/ld.so.cache"

_CONFIGURATION = re.compile(r"etc/ld\.so\.conf\.d/[^/]+\.conf")
_LIBRARY = re.compile(r"(?:lib|ld-).*\.so.*", re.DOTALL)

_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER, _ENTRY = "<20sIIB3xI12x", "<iIIIQ"
_LITTLE_ENDIAN = 2
# The extension has sections; this one names the program that wrote the cache.
_EXTENSION, _SECTION, _EXTENSION_MAGIC, _GENERATOR = "<II", "<IIII", 0xEAA42174, 0
_ELF_LIBC6 = 3
# e_machine -> the flags that ld.so demands of an entry (sysdeps/unix/sysv/linux/*/dl-cache.h).
_FLAGS: Mapping[int, int] = {62: 0x0300 | _ELF_LIBC6, 183: 0x0A00 | _ELF_LIBC6}

# The directories that ldconfig searches by default. Debian's libraries are in directories named in
# /etc/ld.so.conf.d.
_BUILT_IN = ("/lib", "/usr/lib")


@dataclass(frozen=True)
class CachedLibrary:
    """A library by the name that programs need it by, with the loader's requirements."""

    name: str
    flags: int
    path: str


@dataclass(frozen=True)
class LinkerCache:
    """`generator` is the program that wrote it, or ""."""

    libraries: Tuple[CachedLibrary, ...]
    generator: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Optional["LinkerCache"]:
        """None for a format that glibc of Debian 12 and newer does not write, and for a cache with
        libraries for certain processors."""
        try:
            magic, count, _, _, extension = struct.unpack_from(_HEADER, data)
            rows = [
                struct.unpack_from(
                    _ENTRY, data, struct.calcsize(_HEADER) + at * struct.calcsize(_ENTRY)
                )
                for at in range(count if magic == _MAGIC else 0)
            ]
            if magic != _MAGIC or any(version or processor for *_, version, processor in rows):
                return None
            libraries = (
                CachedLibrary(_string(data, key), flags, _string(data, path))
                for flags, key, path, _, _ in rows
            )
            return cls(tuple(libraries), _generator(data, extension) if extension else "")
        except (struct.error, ValueError):
            return None

    def united(self, others: Iterable[CachedLibrary]) -> "LinkerCache":
        return LinkerCache(tuple(dict.fromkeys((*self.libraries, *others))), self.generator)

    def to_bytes(self) -> bytes:
        # The loader uses binary search in descending order. A library in several directories keeps
        # their order.
        ordered = sorted(self.libraries, key=lambda one: one.flags, reverse=True)
        ordered.sort(key=lambda one: _order(one.name), reverse=True)
        strings = _Strings(text for one in ordered for text in (one.name, one.path))
        start = struct.calcsize(_HEADER) + len(ordered) * struct.calcsize(_ENTRY)
        rows = b"".join(
            struct.pack(
                _ENTRY, one.flags, start + strings.at[one.name], start + strings.at[one.path], 0, 0
            )
            for one in ordered
        )
        end = start + len(strings.data)
        extension = b""
        if self.generator:
            padding = -end % 4
            text = self.generator.encode()
            head = struct.pack(_EXTENSION, _EXTENSION_MAGIC, 1)
            place = end + padding + len(head) + struct.calcsize(_SECTION)
            section = struct.pack(_SECTION, _GENERATOR, 0, place, len(text))
            extension = bytes(padding) + head + section + text
            end += padding
        header = struct.pack(
            _HEADER,
            _MAGIC,
            len(ordered),
            len(strings.data),
            _LITTLE_ENDIAN,
            end if self.generator else 0,
        )
        return header + rows + strings.data + extension


def configured_directories(configurations: Mapping[str, str], triplet: str) -> Tuple[str, ...]:
    """The directories that are searched for libraries: first those in the files of
    /etc/ld.so.conf.d, which are given as content by path. An example of `triplet` is
    x86_64-linux-gnu."""
    found: List[str] = []
    for path in sorted(configurations):
        if _CONFIGURATION.fullmatch(path):
            for line in configurations[path].splitlines():
                directory = line.partition("#")[0].strip()
                if directory.startswith("/"):
                    found.append(directory.rstrip("/"))
    # The package libc6 lists these in such a file, which may be in a base.
    multiarch = (f"{root}/{triplet}" for root in _BUILT_IN)
    return tuple(dict.fromkeys((*found, *multiarch, *_BUILT_IN)))


def generator(version: str) -> str:
    """The name that ldconfig of that version of libc-bin writes."""
    source = re.sub(r"\+b[0-9]+$", "", version)
    upstream = source.partition("-")[0]
    return f"ldconfig (Debian GLIBC {source}) stable release version {upstream}"


def cached_libraries(
    directories: Sequence[str],
    place: Callable[[str], Optional[str]],
    names: Callable[[str], Iterable[str]],
    read: Callable[[str], Optional[Elf]],
) -> Iterator[CachedLibrary]:
    """The libraries in `directories`, each listed once.

    `place` returns where a path leads through links, `names` lists a directory, `read` returns the
    ELF file at a path that is not a link. These paths have no leading slash.
    """
    seen = set()
    for directory in directories:
        where = place(directory.lstrip("/"))
        if where is None or where in seen:
            continue
        seen.add(where)
        for name, flags in sorted(_libraries(where, place, names, read).items()):
            yield CachedLibrary(name, flags, f"{directory}/{name}")


def _libraries(
    directory: str,
    place: Callable[[str], Optional[str]],
    names: Callable[[str], Iterable[str]],
    read: Callable[[str], Optional[Elf]],
) -> Dict[str, int]:
    """Flags by name, as in search_dir of elf/ldconfig.c."""
    present = set(names(directory))
    found: Dict[str, int] = {}
    for name in sorted(present):
        path = posixpath.join(directory, name)
        real = place(path) if _LIBRARY.fullmatch(name) else None
        elf = read(real) if real is not None else None
        if elf is None or not (elf.is_shared_library and elf.is_dynamic):
            continue
        if elf.machine not in _FLAGS:
            continue
        known_as = elf.soname or name
        # libx.so, which is for ld(1), leads to libx.so.1 and is listed as well. The targets of
        # other links are listed by their own names.
        if real != path and name.endswith(".so") and known_as.startswith(name):
            known_as = name
        # ldconfig would create a link of that name.
        found[known_as if known_as in present else name] = _FLAGS[elf.machine]
    return found


class _Strings:
    """Texts, each followed by a NUL. One that is the end of another is not stored again:
    elf/stringtable.c."""

    def __init__(self, texts: Iterable[str]) -> None:
        encoded = {text: text.encode("utf-8", "surrogateescape") for text in texts}
        data = bytearray()
        self.at: Dict[str, int] = {}
        previous = b""
        # Sorted from the end, so that longer texts come before their own endings.
        for text, raw in sorted(encoded.items(), key=lambda item: item[1][::-1], reverse=True):
            if previous.endswith(raw) and previous:
                self.at[text] = len(data) - len(raw) - 1
                continue
            self.at[text] = len(data)
            data += raw + b"\0"
            previous = raw
        self.data = bytes(data)


def _order(name: str) -> List[Tuple[int, int]]:
    """_dl_cache_libcmp: runs of digits are compared as numbers, and sort after anything else."""
    order = []
    for match in re.finditer(r"[0-9]+|[^0-9]", name):
        text = match[0]
        order.append((1, int(text)) if text.isdecimal() else (0, ord(text)))
    return order


def _string(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode("utf-8", "surrogateescape")


def _generator(data: bytes, offset: int) -> str:
    magic, count = struct.unpack_from(_EXTENSION, data, offset)
    tag, _, start, size = struct.unpack_from(_SECTION, data, offset + struct.calcsize(_EXTENSION))
    if (magic, count, tag) != (_EXTENSION_MAGIC, 1, _GENERATOR):
        raise ValueError("it has other sections")
    return data[start : start + size].decode()
