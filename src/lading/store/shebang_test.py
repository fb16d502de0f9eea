import os
import tracemalloc
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.store.shebang import Shebang, UnresolvedError, fix_shebang, read_shebang

PROGRAMS = {name: f"/store/x/bin/{name}" for name in ("sh", "bash", "perl", "env", "python3")}


@pytest.mark.parametrize(
    "line, expected",
    [
        (b"#!/bin/sh\n", Shebang("/bin/sh")),
        (b"#! \t/bin/sh \t\n", Shebang("/bin/sh")),
        (b"#!/bin/sh", Shebang("/bin/sh")),
        (b"#!/usr/bin/perl -w  -T\n", Shebang("/usr/bin/perl", "-w  -T")),
        (b"#!/usr/bin/perl\t-w\n", Shebang("/usr/bin/perl", "-w")),
        (b"#!/bin/sh\r\n", Shebang("/bin/sh\r")),
        (b"#!/\xff\n", Shebang("/\udcff")),
        (b"#!\n", None),
        (b"#!", None),
        (b"", None),
        (b"# comment\n", None),
        (b"#![no_std]\n", None),
    ],
)
def test_parse(line: bytes, expected: Optional[Shebang]) -> None:
    assert Shebang.parse(line) == expected


@given(st.binary(max_size=40))
def test_any_bytes_can_be_parsed(line: bytes) -> None:
    Shebang.parse(b"#!" + line)


@pytest.mark.parametrize(
    "line, expected",
    [
        ("#!/bin/sh", "#!/store/x/bin/sh"),
        ("#!/bin/bash -e", "#!/store/x/bin/bash -e"),
        ("#!/usr/local/bin/perl -w -T", "#!/store/x/bin/perl -w -T"),
        ("#!python3", "#!/store/x/bin/python3"),  # as wheels have it
        ("#!/usr/bin/env python3", "#!/store/x/bin/python3"),
        ("#!/bin/env bash", "#!/store/x/bin/bash"),
        ("#!/usr/bin/env python3 -u", "#!/store/x/bin/python3 -u"),
        ("#!/usr/bin/env -S python3", "#!/store/x/bin/python3"),
        ("#!/usr/bin/env -Spython3 -u", "#!/store/x/bin/python3 -u"),
        ("#!/usr/bin/env --split-string=python3 -u", "#!/store/x/bin/python3 -u"),
        ("#!/usr/bin/env -S python3 -u -B", "#!/store/x/bin/env -S /store/x/bin/python3 -u -B"),
        ("#!/usr/bin/env -S perl -e 'x'", "#!/store/x/bin/env -S /store/x/bin/perl -e 'x'"),
        ("#!/usr/bin/env -S A=1 B= sh", "#!/store/x/bin/env -S A=1 B= /store/x/bin/sh"),
        ("#!/store/y/bin/ruby -w", "#!/store/y/bin/ruby -w"),
        ("#!/store/y/bin/env ruby", "#!/store/y/bin/env ruby"),
    ],
)
def test_in_store(line: str, expected: str) -> None:
    shebang = Shebang.parse(line.encode())
    assert shebang is not None and str(shebang.in_store(PROGRAMS.get)) == expected


@pytest.mark.parametrize(
    "line, program",
    [
        ("#!/usr/bin/ruby", "ruby"),
        ("#!/usr/bin/env ruby", "ruby"),
        ("#!/bin/sh\r", "sh\r"),
        ("#!/usr/bin/env", ""),
        ("#!/usr/bin/env -i sh", ""),
        ("#!/usr/bin/env -S -i sh", ""),
        ("#!/usr/bin/env -S 'sh' x", ""),
        ("#!/usr/bin/env -S ${SHELL}", ""),
    ],
)
def test_unresolved(line: str, program: str) -> None:
    shebang = Shebang.parse(line.encode())
    assert shebang is not None
    with pytest.raises(UnresolvedError) as error:
        shebang.in_store(PROGRAMS.get)
    assert error.value.program == program


def test_env_itself_may_be_what_is_missing() -> None:
    with pytest.raises(UnresolvedError) as error:
        Shebang("/usr/bin/env", "-S sh -e -u").in_store({"sh": "/store/x/bin/sh"}.get)
    assert error.value.program == "env"


@pytest.mark.parametrize("rest", [b"", b"\n", b"\necho \xff\x00\n"])
def test_fix_keeps_the_rest_of_the_file_its_mode_and_inode(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"#!/usr/bin/env  bash" + rest)
    path.chmod(0o750)
    os.link(path, tmp_path / "other")
    fix_shebang(str(path), PROGRAMS.get)
    assert (tmp_path / "other").read_bytes() == b"#!/store/x/bin/bash" + rest
    assert path.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/usr/bin/ruby\n", b"#! /store/x/bin/y\n"])
def test_what_needs_no_fix_or_has_none_stays_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "script"
    path.write_bytes(content)
    fix_shebang(str(path), PROGRAMS.get)
    assert path.read_bytes() == content


def test_a_shorter_line_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"#!/usr/bin/env -S                                          sh\n:\n")
    fix_shebang(str(path), PROGRAMS.get)
    assert path.read_bytes() == b"#!/store/x/bin/sh\n:\n"
    assert read_shebang(str(path)) == Shebang("/store/x/bin/sh")


def test_a_file_may_be_larger_than_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"#!/bin/bash\n")
    os.truncate(path, 64 << 20)
    tracemalloc.start()
    try:
        fix_shebang(str(path), PROGRAMS.get)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert path.stat().st_size == (64 << 20) + len("/store/x")
    assert read_shebang(str(path)) == Shebang("/store/x/bin/bash")


@pytest.mark.parametrize("rest", [b"", b"\n", b"\n:\n:", b" " * 9000 + b"\n:\n", b" " * 9000])
def test_only_the_first_line_is_replaced(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"#!/bin/bash" + rest)
    fix_shebang(str(path), PROGRAMS.get)
    assert path.read_bytes() == b"#!/store/x/bin/bash" + rest.lstrip(b" ")
