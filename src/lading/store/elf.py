"""What the kernel and the dynamic loader read in an ELF file.

It is read as they read it, through program headers: section headers are for linkers and may be
missing. Sources: System V gABI, chapters 4 and 5; elf(5).
"""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO, Dict, Iterator, List, Optional, Tuple

from lading.values.errors import LadingError

MAGIC = b"\x7fELF"

# e_type
ET_REL, ET_EXEC, ET_DYN = 1, 2, 3

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB = 0, 1, 5
_DT_SONAME, _DT_RPATH, _DT_RUNPATH = 14, 15, 29
_DT_FLAGS_1, _DF_1_PIE = 0x6FFFFFFB, 0x08000000

_EI_CLASS, _EI_DATA, _IDENT_SIZE = 4, 5, 16

# Linux limits an interpreter's name to PATH_MAX bytes; a search path has a few hundred.
_LONGEST_STRING = 1 << 16
_MOST_DYNAMIC_ENTRIES = 1 << 16

# The most bytes of all strings. Many entries may refer to the same ones, in a sparse file of any
# size.
_MOST_STRINGS = 1 << 24


class ElfError(LadingError):
    """A file starts like an ELF file, but the rest is malformed."""


@dataclass(frozen=True)
class Elf:
    """One ELF file.

    `type` and `machine` are e_type and e_machine. `needed`, `runpath` and `rpath` are in the file's
    order. The search paths are split at colons (an empty part means the current directory).
    `is_dynamic`: the file has a dynamic section, as even static PIE does. `is_pie`: the linker
    marked it as a program.
    """

    bits: int
    little_endian: bool
    type: int
    machine: int
    is_dynamic: bool
    is_pie: bool
    interpreter: Optional[str]
    needed: Tuple[str, ...]
    soname: Optional[str]
    runpath: Tuple[str, ...]
    rpath: Tuple[str, ...]

    @property
    def is_program(self) -> bool:
        """Whether it is a program rather than a library. libc.so.6 can be started as well, but has
        a name for others to link with."""
        if self.type == ET_DYN:
            return self.is_pie or (self.interpreter is not None and self.soname is None)
        return self.type == ET_EXEC

    @property
    def is_shared_library(self) -> bool:
        return self.type == ET_DYN and not self.is_program

    @property
    def search_path(self) -> Tuple[str, ...]:
        """What the loader searches for `needed`; it ignores `rpath` if there is a `runpath`."""
        return self.runpath or self.rpath

    def is_loadable_with(self, other: "Elf") -> bool:
        """Whether one process can load both; loaders skip libraries of other machines."""
        return (self.bits, self.little_endian, self.machine) == (
            other.bits,
            other.little_endian,
            other.machine,
        )


def is_elf(path: str) -> bool:
    """Whether the file starts with the magic bytes. Linker scripts called .so do not."""
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_elf(path: str) -> Elf:
    """Raises `ElfError` unless it is an ELF file with valid program and dynamic headers."""
    with open(path, "rb") as file:
        return _Reader(file, path).read()


def sound_elf(path: str) -> Optional[Elf]:
    """None for anything but a valid ELF file; test data may be broken on purpose."""
    try:
        return read_elf(path) if is_elf(path) else None
    except ElfError:
        return None


def inherit_search_path(path: str) -> None:
    """Turn the DT_RUNPATH of an ELF file without DT_RPATH into DT_RPATH, which libraries inherit.
    Other files are left alone."""
    with open(path, "r+b") as file:
        reader = _Reader(file, path)
        try:
            reader.read_ident()
            offsets = {tag: offset for tag, _, offset in reader.dynamic(list(reader.segments()))}
        except ElfError:
            return
        if _DT_RUNPATH in offsets and _DT_RPATH not in offsets:
            file.seek(offsets[_DT_RUNPATH])
            file.write(struct.pack(reader.order + reader.word, _DT_RPATH))


@dataclass(frozen=True)
class _Segment:
    """The fields of a program header that are used here."""

    type: int
    offset: int
    address: int
    file_size: int


class _Reader:
    """Reads one file, and checks every read against the file's size."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self.file = file
        self.path = path
        self.size = file.seek(0, os.SEEK_END)

    def read_ident(self) -> None:
        ident = self._bytes(0, _IDENT_SIZE)
        if ident[: len(MAGIC)] != MAGIC:
            raise self._error("does not start with the ELF magic bytes")
        if ident[_EI_CLASS] not in (1, 2) or ident[_EI_DATA] not in (1, 2):
            raise self._error("has an unknown class or byte order")
        self.bits = 32 * ident[_EI_CLASS]
        self.order = "<" if ident[_EI_DATA] == 1 else ">"
        self.word = "i" if self.bits == 32 else "q"

    def read(self) -> Elf:
        self.read_ident()
        type_, machine = self._unpack("HH", _IDENT_SIZE)
        segments = list(self.segments())
        dynamic = [(tag, value) for tag, value, _ in self.dynamic(segments)]
        strings = self._dynamic_strings(segments, dynamic)
        return Elf(
            bits=self.bits,
            little_endian=self.order == "<",
            type=type_,
            machine=machine,
            is_dynamic=any(segment.type == _PT_DYNAMIC for segment in segments),
            is_pie=any(tag == _DT_FLAGS_1 and value & _DF_1_PIE for tag, value in dynamic),
            interpreter=self._interpreter(segments),
            needed=tuple(strings.get(_DT_NEEDED, ())),
            soname=next(iter(strings.get(_DT_SONAME, ())), None),
            runpath=_split(strings.get(_DT_RUNPATH, [])),
            rpath=_split(strings.get(_DT_RPATH, [])),
        )

    def segments(self) -> Iterator[_Segment]:
        if self.bits == 32:
            (table,) = self._unpack("I", 28)
            entry_size, count = self._unpack("HH", 42)
            layout = "IIIIIIII"
        else:
            (table,) = self._unpack("Q", 32)
            entry_size, count = self._unpack("HH", 54)
            layout = "IIQQQQQQ"
        if count and entry_size < struct.calcsize("=" + layout):
            raise self._error("has program headers that are too small")
        for index in range(count):
            fields = self._unpack(layout, table + index * entry_size)
            if self.bits == 32:
                type_, offset, address, _, file_size, *_ = fields
            else:
                type_, _, offset, address, _, file_size, *_ = fields
            yield _Segment(type_, offset, address, file_size)

    def _interpreter(self, segments: List[_Segment]) -> Optional[str]:
        for segment in segments:
            if segment.type == _PT_INTERP:
                return self._string(segment.offset)
        return None

    def dynamic(self, segments: List[_Segment]) -> Iterator[Tuple[int, int, int]]:
        """The tags and values of the dynamic section, and its offset in the file."""
        layout = self.word + self.word.upper()
        size = struct.calcsize("=" + layout)
        for segment in segments:
            if segment.type == _PT_DYNAMIC:
                for index in range(min(segment.file_size // size, _MOST_DYNAMIC_ENTRIES)):
                    offset = segment.offset + index * size
                    tag, value = self._unpack(layout, offset)
                    if tag == _DT_NULL:
                        break
                    yield tag, value, offset
                return

    def _dynamic_strings(
        self, segments: List[_Segment], dynamic: List[Tuple[int, int]]
    ) -> Dict[int, List[str]]:
        """The strings that entries of the dynamic section refer to, by tag."""
        entries = [
            (tag, value)
            for tag, value in dynamic
            if tag in (_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH)
        ]
        if not entries:
            return {}
        addresses = [value for tag, value in dynamic if tag == _DT_STRTAB]
        if not addresses:
            raise self._error("has dynamic entries without a string table")
        table = self._offset_of(addresses[-1], segments)
        strings: Dict[int, List[str]] = {}
        left = min(self.size, _MOST_STRINGS)
        for tag, value in entries:
            text = self._string(table + value)
            left -= len(text)
            if left < 0:
                raise self._error("has dynamic strings that are too long")
            strings.setdefault(tag, []).append(text)
        return strings

    def _offset_of(self, address: int, segments: List[_Segment]) -> int:
        """The file offset of what is loaded at `address`."""
        for segment in segments:
            if segment.type == _PT_LOAD and 0 <= address - segment.address < segment.file_size:
                return segment.offset + address - segment.address
        raise self._error("has a string table outside what is loaded")

    def _string(self, offset: int) -> str:
        length = min(_LONGEST_STRING, self.size - offset)
        text, end, _ = self._bytes(offset, max(length, 1)).partition(b"\0")
        if not end:
            raise self._error("has a string that does not end")
        return text.decode("utf-8", "surrogateescape")

    def _unpack(self, layout: str, offset: int) -> Tuple[int, ...]:
        layout = self.order + layout
        return struct.unpack(layout, self._bytes(offset, struct.calcsize(layout)))

    def _bytes(self, offset: int, size: int) -> bytes:
        if offset + size > self.size:
            raise self._error(f"ends before offset {offset + size}, where it should go on")
        self.file.seek(offset)
        return self.file.read(size)

    def _error(self, what: str) -> ElfError:
        return ElfError(f"{self.path!r} is not a sound ELF file: it {what}.")


def _split(paths: List[str]) -> Tuple[str, ...]:
    return tuple(part for path in paths if path for part in path.split(":"))
