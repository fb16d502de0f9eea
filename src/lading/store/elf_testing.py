"""Handmade ELF files, for tests that need exact or foreign ones."""

import struct
from typing import List, Sequence, Tuple

from lading.store.elf import ET_DYN

NEEDED, STRTAB, SONAME, RPATH, RUNPATH, FLAGS_1 = 1, 5, 14, 15, 29, 0x6FFFFFFB
PIE = 0x08000000
BASE = 0x400000


def make_elf(
    bits: int = 64,
    order: str = "<",
    type_: int = ET_DYN,
    machine: int = 62,
    interpreter: str = "",
    strings: Sequence[Tuple[int, str]] = (),
    flags_1: int = 0,
) -> bytes:
    """A file with a header, program headers, an interpreter, a string table, a dynamic section."""
    wide = bits == 64
    header_size, program_size = (64, 56) if wide else (52, 32)
    count = 1 + bool(interpreter) + bool(strings)
    start = header_size + count * program_size
    body = interpreter.encode() + b"\0"
    table = b"\0"
    entries: List[Tuple[int, int]] = []
    for tag, text in strings:
        entries.append((tag, len(table)))
        table += text.encode() + b"\0"
    entries += [(FLAGS_1, flags_1), (STRTAB, BASE + start + len(body)), (0, 0)]
    dynamic = b"".join(struct.pack(order + ("qQ" if wide else "iI"), *entry) for entry in entries)
    dynamic_offset = start + len(body) + len(table)
    size = dynamic_offset + len(dynamic)

    def program(kind: int, offset: int, length: int) -> bytes:
        address = BASE + offset
        if wide:
            return struct.pack(
                order + "IIQQQQQQ", kind, 4, offset, address, address, length, length, 1
            )
        return struct.pack(order + "IIIIIIII", kind, offset, address, address, length, length, 4, 1)

    programs = [program(1, 0, size)]
    if interpreter:
        programs.append(program(3, start, len(body)))
    if strings:
        programs.append(program(2, dynamic_offset, len(dynamic)))
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    word = "Q" if wide else "I"
    header = ident + struct.pack(
        order + f"HHI{word}{word}{word}IHHHHHH",
        *(type_, machine, 1, BASE, header_size, 0, 0, header_size, program_size, count, 0, 0, 0),
    )
    return header + b"".join(programs) + body + table + dynamic
