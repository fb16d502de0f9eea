from pathlib import Path
from typing import Sequence, Tuple

import pytest

from lading.python.elf_search_path import inherit_search_path, inherited_libraries
from lading.store.elf import read_elf
from lading.store.elf_testing import NEEDED, RPATH, RUNPATH, make_elf

NAMES = [(NEEDED, "libstdc++.so.6")]


def after_inheriting(path: Path, data: bytes) -> bytes:
    path.write_bytes(data)
    inherit_search_path(path)
    return path.read_bytes()


def test_a_run_path_becomes_one_that_adds_to_the_program_s(tmp_path: Path) -> None:
    data = make_elf(strings=[*NAMES, (RUNPATH, "$ORIGIN")])
    (tmp_path / "a.so").write_bytes(data)
    inherit_search_path(tmp_path / "a.so")
    elf = read_elf(str(tmp_path / "a.so"))
    assert (elf.rpath, elf.runpath, elf.needed) == (("$ORIGIN",), (), ("libstdc++.so.6",))


@pytest.mark.parametrize(
    ("bits", "order", "strings"),
    [
        (64, "<", NAMES),
        (64, "<", [(RPATH, "$ORIGIN")]),
        (64, "<", [(RPATH, "a"), (RUNPATH, "b")]),
        (64, ">", [(RUNPATH, "$ORIGIN")]),
        (32, "<", [(RUNPATH, "$ORIGIN")]),
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


@pytest.mark.parametrize(
    ("strings", "libraries"),
    [
        ([(RPATH, "/store/python/lib:/store/zlib/lib:/store/gone/lib")], ("liba.so", "libz.so")),
        ([(RPATH, "/store/python/lib"), (RUNPATH, "/store/zlib/lib")], ()),
        ([(RUNPATH, "/store/zlib/lib")], ()),
        ([], ()),
    ],
)
def test_modules_find_what_is_on_the_program_s_path_alone(
    tmp_path: Path, strings: Sequence[Tuple[int, str]], libraries: Tuple[str, ...]
) -> None:
    for path in ("python/lib/liba.so", "zlib/lib/libz.so", "openssl/lib/libssl.so"):
        file = tmp_path / "store" / path
        file.parent.mkdir(parents=True)
        file.write_text("")
    (tmp_path / "python").write_bytes(make_elf(strings=[*NAMES, *strings]))
    assert inherited_libraries(read_elf(str(tmp_path / "python")), tmp_path) == libraries
