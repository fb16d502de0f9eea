import contextlib
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import List, Sequence, Tuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lading.store.elf import (
    ET_DYN,
    ET_EXEC,
    ET_REL,
    ElfError,
    inherit_search_path,
    is_elf,
    read_elf,
    sound_elf,
)
from lading.store.elf_testing import NEEDED, PIE, RPATH, RUNPATH, SONAME, STRTAB, make_elf


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_reads_every_class_and_byte_order(tmp_path: Path, bits: int, order: str) -> None:
    path = tmp_path / "file"
    strings = [
        (NEEDED, "libb.so.2"),
        (NEEDED, "liba.so.1"),
        (SONAME, "libc.so.6"),
        (RUNPATH, "/x/lib:$ORIGIN/../lib::/y"),
        (RPATH, "/old"),
    ]
    path.write_bytes(make_elf(bits, order, ET_DYN, 243, "/lib/ld.so.1", strings))
    elf = read_elf(str(path))
    assert (elf.bits, elf.little_endian, elf.type, elf.machine) == (bits, order == "<", 3, 243)
    assert elf.interpreter == "/lib/ld.so.1"
    assert elf.needed == ("libb.so.2", "liba.so.1")
    assert elf.soname == "libc.so.6"
    assert elf.runpath == ("/x/lib", "$ORIGIN/../lib", "", "/y")
    assert elf.rpath == ("/old",)
    assert elf.search_path == elf.runpath
    assert elf.is_dynamic


@pytest.mark.parametrize(
    "content, kind",
    [
        (make_elf(type_=ET_EXEC), "program"),
        (make_elf(type_=ET_EXEC, interpreter="/lib/ld.so.1"), "program"),
        (make_elf(interpreter="/lib/ld.so.1", strings=[(NEEDED, "libc.so.6")]), "program"),
        (make_elf(strings=[(RUNPATH, "")], flags_1=PIE), "program"),
        (make_elf(interpreter="/l", strings=[(SONAME, "libc.so.6")]), "shared library"),
        (make_elf(strings=[(NEEDED, "libc.so.6")]), "shared library"),
        (make_elf(type_=ET_REL), "object file"),
    ],
)
def test_kinds(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    elf = read_elf(str(path))
    assert elf.is_shared_library == (kind == "shared library")
    assert elf.is_program == (kind == "program")


def test_libraries_of_another_machine_are_not_loadable(tmp_path: Path) -> None:
    elves = []
    for name, content in (
        ("a", make_elf()),
        ("b", make_elf(machine=183)),
        ("c", make_elf(bits=32)),
        ("d", make_elf(order=">")),
    ):
        (tmp_path / name).write_bytes(content)
        elves.append(read_elf(str(tmp_path / name)))
    assert [elf.is_loadable_with(elves[0]) for elf in elves] == [True, False, False, False]


def test_rpath_counts_where_there_is_no_runpath(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(make_elf(strings=[(RPATH, "/a:/b")]))
    assert read_elf(str(path)).search_path == ("/a", "/b")


@pytest.mark.parametrize(
    "content", [b"", b"\x7fEL", b"GROUP ( libc.so.6 )\n", b"#!/bin/sh\n", b"!<arch>\n"]
)
def test_what_is_not_elf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "libc.so"
    path.write_bytes(content)
    assert not is_elf(str(path))
    assert sound_elf(str(path)) is None
    with pytest.raises(ElfError):
        read_elf(str(path))


def patched(offset: int, replacement: bytes) -> bytes:
    content = make_elf(interpreter="/lib/ld.so.1", strings=[(NEEDED, "libc.so.6")])
    return content[:offset] + replacement + content[offset + len(replacement) :]


def huge(offset: int) -> bytes:
    return patched(offset, b"\xff" * 8)


# Offsets of the program headers that `patched` finds.
LOAD, INTERP, DYNAMIC = 64, 64 + 56, 64 + 2 * 56

NO_STRING_TABLE = make_elf(strings=[(NEEDED, "libc.so.6")]).replace(
    struct.pack("<q", STRTAB), struct.pack("<q", STRTAB + 1)
)
LONG = make_elf(strings=[(NEEDED, "x" * 9000), *[(NEEDED, "")] * 9])
for entry in range(9):  # each refers to the long string
    LONG = LONG.replace(struct.pack("<qQ", NEEDED, 9002 + entry), struct.pack("<qQ", NEEDED, 1))
CUT_IN_STRING = make_elf(interpreter="/x")[: 64 + 2 * 56 + len("/x")]


@pytest.mark.parametrize(
    "content, reason",
    [
        (LONG, "has dynamic strings that are too long"),
        (b"not an ELF file at all", "does not start with the ELF magic bytes"),
        (make_elf()[:10], "ends before offset 16"),
        (make_elf()[:40], "ends before"),
        (patched(4, b"\x03"), "unknown class or byte order"),
        (patched(5, b"\x00"), "unknown class or byte order"),
        (patched(54, b"\x08\x00"), "program headers that are too small"),
        (huge(32), "ends before"),  # the program headers' offset
        (huge(INTERP + 8), "ends before"),
        (huge(DYNAMIC + 8), "ends before"),
        (patched(LOAD, b"\x07"), "string table outside what is loaded"),
        (NO_STRING_TABLE, "dynamic entries without a string table"),
        (CUT_IN_STRING, "a string that does not end"),
    ],
)
def test_malformed_files_are_told_apart(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ElfError, match=f"file' is not a sound ELF file: it .*{reason}"):
        read_elf(str(path))


def test_the_strings_of_a_sparse_file_are_limited_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lading.store.elf._MOST_STRINGS", 20_000)
    path = tmp_path / "file"
    path.write_bytes(LONG)
    os.truncate(path, 1 << 30)
    with pytest.raises(ElfError, match="has dynamic strings that are too long"):
        read_elf(str(path))


SEEDS = [
    make_elf(bits, order, interpreter="/lib/ld.so.1", strings=[(NEEDED, "a"), (RUNPATH, "/b")])
    for bits in (32, 64)
    for order in "<>"
]


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))),
    st.integers(0, 500),
)
@example(b"\x7fELF", [], 500)
def test_no_bytes_raise_anything_but_elf_error(
    tmp_path_factory: pytest.TempPathFactory,
    seed: bytes,
    changes: List[Tuple[int, int]],
    length: int,
) -> None:
    content = bytearray(seed)
    for offset, value in changes:
        content[offset % len(content)] = value
    path = tmp_path_factory.mktemp("fuzz") / "file"
    path.write_bytes(bytes(content[:length]))
    with contextlib.suppress(ElfError):
        read_elf(str(path))


def readelf(*arguments: str) -> str:
    return subprocess.run(
        ["readelf", "-W", *arguments], stdout=subprocess.PIPE, check=True, text=True
    ).stdout


@pytest.mark.parametrize("path", ["/bin/sh", "/usr/bin/env"])
def test_agrees_with_readelf_on_programs_of_this_machine(path: str) -> None:
    elf = read_elf(path)
    output = readelf("-l", "-d", path)
    assert f"[Requesting program interpreter: {elf.interpreter}]" in output
    assert output.count("(NEEDED)") == len(elf.needed) > 0
    assert all(f"Shared library: [{name}]" in output for name in elf.needed)
    assert elf.is_program


def test_agrees_with_gcc(tmp_path: Path) -> None:
    (tmp_path / "f.c").write_text("int f(void) { return 0; }\n")
    (tmp_path / "main.c").write_text("int f(void); int main(void) { return f(); }\n")

    def gcc(*arguments: str) -> None:
        subprocess.run([str(shutil.which("gcc")), *arguments], cwd=tmp_path, check=True)

    gcc("-shared", "-fPIC", "-o", "libf.so.1", "-Wl,-soname,libf.so.1", "f.c")
    gcc("-c", "-o", "f.o", "f.c")
    gcc("-o", "main", "main.c", "libf.so.1", "-Wl,-rpath,/x/lib:/y/lib")
    gcc("-o", "old", "main.c", "libf.so.1", "-Wl,--disable-new-dtags,-rpath,/x/lib")
    gcc("-static-pie", "-o", "static-pie", "main.c", "f.c")
    gcc("-static", "-o", "static", "main.c", "f.c")
    outputs = [path for path in tmp_path.iterdir() if path.suffix != ".c"]
    elves = {path.name: read_elf(os.fspath(path)) for path in outputs}
    assert elves["libf.so.1"].soname == "libf.so.1" and elves["libf.so.1"].is_shared_library
    assert elves["f.o"].type == ET_REL and not elves["f.o"].is_dynamic
    assert elves["main"].needed == ("libf.so.1", "libc.so.6")
    assert elves["main"].runpath == ("/x/lib", "/y/lib") and elves["main"].is_program
    assert elves["old"].rpath == ("/x/lib",) and elves["old"].runpath == ()
    assert elves["static"].is_program and not elves["static"].is_dynamic
    assert elves["static-pie"].is_program and elves["static-pie"].is_dynamic
    assert elves["static-pie"].interpreter is None


NAMES = [(NEEDED, "libstdc++.so.6")]


def after_inheriting(path: Path, data: bytes) -> bytes:
    path.write_bytes(data)
    inherit_search_path(str(path))
    return path.read_bytes()


@pytest.mark.parametrize(("bits", "order"), [(64, "<"), (64, ">"), (32, "<"), (32, ">")])
def test_a_run_path_becomes_one_that_adds_to_the_program_s(
    tmp_path: Path, bits: int, order: str
) -> None:
    data = make_elf(bits=bits, order=order, strings=[*NAMES, (RUNPATH, "$ORIGIN")])
    (tmp_path / "a.so").write_bytes(data)
    inherit_search_path(str(tmp_path / "a.so"))
    elf = read_elf(str(tmp_path / "a.so"))
    assert (elf.rpath, elf.runpath, elf.needed) == (("$ORIGIN",), (), ("libstdc++.so.6",))


@pytest.mark.parametrize(
    ("bits", "order", "strings"),
    [
        (64, "<", NAMES),
        (64, "<", [(RPATH, "$ORIGIN")]),
        (64, "<", [(RPATH, "a"), (RUNPATH, "b")]),
        (64, "<", []),
    ],
)
def test_others_stay_as_they_are(
    tmp_path: Path, bits: int, order: str, strings: Sequence[Tuple[int, str]]
) -> None:
    data = make_elf(bits=bits, order=order, strings=strings)
    assert after_inheriting(tmp_path / "a.so", data) == data


@pytest.mark.parametrize("size", [0, 3, 10, 60, 100])
def test_what_only_begins_like_an_elf_file_stays_as_it_is(tmp_path: Path, size: int) -> None:
    data = make_elf(strings=[(RUNPATH, "$ORIGIN")])[:size]
    assert after_inheriting(tmp_path / "a.so", data) == data


@pytest.mark.parametrize("table", [1 << 62, (1 << 64) - 1])
def test_a_table_beyond_the_file_is_none(tmp_path: Path, table: int) -> None:
    data = bytearray(make_elf(strings=[(RUNPATH, "$ORIGIN")]))
    data[32:40] = table.to_bytes(8, "little")
    assert after_inheriting(tmp_path / "a.so", bytes(data)) == data


def test_tables_that_are_made_to_take_hours_are_read_at_once(tmp_path: Path) -> None:
    """As many program headers as there can be, each of them the same one, which says that
    most of the file is a dynamic section."""
    data = bytearray(make_elf(strings=[(RUNPATH, "$ORIGIN")]))
    dynamic = 64 + 56
    data[32:40] = dynamic.to_bytes(8, "little")
    data[54:58] = b"\0\0\xff\xff"
    data[dynamic + 8 : dynamic + 16] = len(data).to_bytes(8, "little")
    data[dynamic + 32 : dynamic + 40] = (4 << 20).to_bytes(8, "little")
    data += b"x" * (4 << 20)
    assert after_inheriting(tmp_path / "a.so", bytes(data)) == data
