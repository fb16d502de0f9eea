from pathlib import Path
from typing import Sequence

import pytest

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.python.native import (
    NativeNeed,
    check_needs,
    native_needs,
)
from lading.store.elf import ET_EXEC
from lading.store.elf_testing import NEEDED, SONAME, make_elf
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError

LOADER = "/lib64/ld-linux-x86-64.so.2"


def file(directory: Path, path: str, content: bytes) -> TreeFile:
    place = directory / path.replace("/", "-")
    place.write_bytes(content)
    return TreeFile(Entry(path, Kind.FILE, 0o644), place)


def library(*needed: str) -> bytes:
    return make_elf(strings=[*((NEEDED, name) for name in needed), (SONAME, "x")])


def test_what_a_wheel_brings_it_does_not_need(tmp_path: Path) -> None:
    files = [
        file(tmp_path, "p/numpy/core.so", library("libopenblas-1.so", "libc.so.6", "libm.so.6")),
        file(tmp_path, "p/numpy.libs/libopenblas-1.so", library("libc.so.6")),
        file(tmp_path, "p/numpy/libc.so", b"GROUP ( libc.so.6 )"),
        file(tmp_path, "p/numpy/broken.so", b"\x7fELF"),
    ]
    needs = native_needs(files)
    assert needs == (
        NativeNeed("p/numpy/core.so", "libc.so.6"),
        NativeNeed("p/numpy/core.so", "libm.so.6"),
        NativeNeed("p/numpy.libs/libopenblas-1.so", "libc.so.6"),
    )


@pytest.mark.parametrize(
    ("program", "needed"),
    [
        (make_elf(interpreter=LOADER, strings=[(NEEDED, "libc.so.6")]), ["libc.so.6"]),
        (make_elf(type_=ET_EXEC, interpreter=LOADER, strings=[(NEEDED, "libm.so")]), ["libm.so"]),
        (make_elf(type_=ET_EXEC), []),
    ],
    ids=["position-independent", "at its address", "static"],
)
def test_programs_need_libraries_as_well(
    tmp_path: Path, program: bytes, needed: Sequence[str]
) -> None:
    needs = native_needs([file(tmp_path, "p/tool/bin/tool", program)])
    assert [need.library for need in needs] == needed


def test_all_is_well_where_everything_is_offered() -> None:
    needs = [NativeNeed("a.so", "libc.so.6"), NativeNeed("a.so", "/usr/lib/libx.so")]
    check_needs(needs, {"libc.so.6", "libx.so"}, "Add them.")


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["libstdc++.so.6", "libstdc++.so.6"], "libstdc++.so.6 (by /0.so)"),
        (["b.so", "a.so"], "a.so (by /1.so), b.so (by /0.so)"),
        (
            list("abcdefg"),
            "a (by /0.so), b (by /1.so), c (by /2.so), d (by /3.so), e (by /4.so), 2 more",
        ),
    ],
)
def test_what_is_missing_is_listed_with_what_needs_it(names: Sequence[str], listed: str) -> None:
    needs = [NativeNeed(f"{number}.so", name) for number, name in enumerate(names)]
    with pytest.raises(LadingError) as caught:
        check_needs(needs, (), "Add them.")
    assert str(caught.value) == (
        f"`pex` needs libraries that are not in the image: {listed}. Add them."
    )
