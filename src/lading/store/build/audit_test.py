import os
import socket
from pathlib import Path
from typing import List, Optional, Tuple

import pytest

from lading.store.build.audit import Finding, Problem, audit, findings
from lading.store.elf import ET_REL
from lading.store.elf_testing import NEEDED, RUNPATH, make_elf
from lading.values.errors import LadingError
from lading.values.path import StorePath

OUT = StorePath("0" * 32, "app-1")
DEP = StorePath("1" * 32, "dep-1")
UNKNOWN = StorePath("2" * 32, "unknown-1")

BUILD_PATHS = ("/build/source", "/build/obj+1")

Inputs = List[Tuple[StorePath, Path]]


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    for path in ("dep/lib/ld.so.1", "dep/lib/libdep.so.1", "dep/bin/sh"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(make_elf())
    return [(DEP, tmp_path / "dep")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def sentence(tree: Path, inputs: Inputs) -> str:
    with pytest.raises(LadingError) as error:
        audit(tree, OUT, inputs, BUILD_PATHS)
    return str(error.value)


SOUND_LOADER = f"{DEP}/lib/ld.so.1"


@pytest.mark.parametrize(
    "content, expected",
    [
        (
            make_elf(interpreter="/lib/ld.so.1"),
            "'file' is started by /lib/ld.so.1, which is in no package of its input closure: add "
            "the package that contains lib/ld.so.1 to `dependencies`.",
        ),
        (
            make_elf(interpreter=f"{UNKNOWN}/lib/ld.so.1"),
            f"'file' is started by {UNKNOWN}/lib/ld.so.1, which is in no package",
        ),
        (
            make_elf(interpreter=SOUND_LOADER, strings=[(NEEDED, "libfoo.so.1")]),
            "'file' needs the library libfoo.so.1, which nothing offers: add the package that "
            "contains libfoo.so.1 to `dependencies`, or remove the file in `script`.",
        ),
        (
            b"#!/usr/bin/env bash\n",
            "'file' is run by '#!/usr/bin/env bash', which is outside the store: add the package "
            "that contains bin/bash to `dependencies`, or make the file not executable.",
        ),
        (b"#!/bin/sh\n", "add the package that contains bin/sh to"),
        (
            b"#!/usr/bin/env -S 'a b'\n",
            "'file' is run by \"#!/usr/bin/env -S 'a b'\", which names no program: name one by its "
            "store path in `script`, or make the file not executable.",
        ),
        (
            b'#define SOURCE "/build/source/main.c"\n',
            "'file' contains /build/source/main.c, a path of the build directory, which is gone "
            "afterwards: let `script` install to $out what is meant, or remove the path",
        ),
        (
            make_elf(strings=[(NEEDED, "libdep.so.1"), (RUNPATH, "/x:/build/obj+1/.libs")]),
            "'file' contains /build/obj+1/.libs, a path of the build directory",
        ),
    ],
)
def test_files(tree: Path, inputs: Inputs, content: bytes, expected: str) -> None:
    (tree / "file").write_bytes(content)
    (tree / "file").chmod(0o755)
    assert expected in sentence(tree, inputs)


@pytest.mark.parametrize(
    "target, expected",
    [
        (
            "/usr/bin/perl",
            "'link' links to /usr/bin/perl, outside the store: let it point into the package or to "
            "one of `dependencies`, or remove it in `script`.",
        ),
        ("/build/source/x", "'link' links to /build/source/x, outside the store"),
        ("../../etc/passwd", "'link' links to ../../etc/passwd, outside the store"),
        ("/store", "'link' links to /store, outside the store"),
        (
            f"{UNKNOWN}/bin/x",
            f"'link' links to {UNKNOWN}/bin/x, in a package that is not an input: add that "
            "package to `dependencies`.",
        ),
        (
            "missing",
            "'link' links to missing, which does not exist: correct the link or remove it in "
            "`script`.",
        ),
        (f"{DEP}/bin/missing", f"'link' links to {DEP}/bin/missing, which does not exist"),
        ("link", "'link' links to link, which does not exist"),
        (f"{OUT}/link", f"'link' links to {OUT}/link, which does not exist"),
    ],
)
def test_links(tree: Path, inputs: Inputs, target: str, expected: str) -> None:
    os.symlink(target, tree / "link")
    assert expected in sentence(tree, inputs)


def test_special_files(tree: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tree / "fifo")
    monkeypatch.chdir(tree)  # the name of a socket is limited to 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    expected = "'fifo' is a pipe, which a package can't contain: remove it in `script`; only"
    assert expected in sentence(tree, inputs)
    assert "'socket' is a socket, which a package can't contain" in sentence(tree, inputs)


@pytest.mark.parametrize(
    "content",
    [
        make_elf(interpreter=SOUND_LOADER, strings=[(NEEDED, "libdep.so.1")]),
        make_elf(type_=ET_REL),
        b"\x7fELF broken",
        b"#!" + str(DEP).encode() + b"/bin/sh\n",
        b"",
        b"/usr/src/build/source http://host/build/source /build/sources /build/x /build",
    ],
)
def test_sound_files(tree: Path, inputs: Inputs, content: bytes) -> None:
    (tree / "file").write_bytes(content)
    (tree / "file").chmod(0o755)
    assert findings(tree, OUT, inputs, BUILD_PATHS) == ()


def test_scripts_that_are_not_executable_may_name_anything(tree: Path, inputs: Inputs) -> None:
    (tree / "file").write_bytes(b"#!/usr/bin/ruby\n")
    (tree / "file").chmod(0o644)
    assert findings(tree, OUT, inputs, BUILD_PATHS) == ()


def test_sound_links(tree: Path, inputs: Inputs) -> None:
    (tree / "file").touch()
    for number, target in enumerate(
        ["file", f"{OUT}/file", f"../{DEP.base}/bin/sh", f"{DEP}/bin", str(OUT), "/dev/stdout"]
    ):
        os.symlink(target, tree / f"link{number}")
    assert findings(tree, OUT, inputs, BUILD_PATHS) == ()


def test_several_findings_are_told_in_order_and_at_most_ten(tree: Path, inputs: Inputs) -> None:
    for number in range(12):
        os.symlink("missing", tree / f"link{number:02d}")
    lines = sentence(tree, inputs).splitlines()
    assert lines[0] == "the package has 12 problems that would show up in an image:"
    assert [line.split()[0] for line in lines[1:11]] == [f"'link{n:02d}'" for n in range(10)]
    assert lines[11:] == ["  and 2 more."]


def test_findings_are_data(tree: Path, inputs: Inputs) -> None:
    os.symlink("/bin/sh", tree / "link")
    assert findings(tree, OUT, inputs, BUILD_PATHS) == (
        Finding("link", Problem.LINK_OUTSIDE, "/bin/sh"),
    )


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"/build/source", "/build/source"),
        (b"cd /build/source/", "/build/source/"),
        (b"-I/build/source/a -L/build/source/b", "/build/source/a"),
        (b"-L/build/source/b", "/build/source/b"),
        (b"--prefix=/build/obj+1:c", "/build/obj+1"),
        (b"\0/build/source/" + b"y" * 100, "/build/source/" + "y" * 59),
        (b"a/build/source", None),
        (b"//build/source", None),
        (b"-X/build/source", None),
        (b"/usr/build/source /build/source/y", "/build/source/y"),
        (b"/build/source2 /build/source.git /build/objj1 /build", None),
        (b"/build/reproducible-path/openssl-3", None),
    ],
)
def test_paths_of_the_build_directory(
    tree: Path, inputs: Inputs, content: bytes, expected: Optional[str]
) -> None:
    (tree / "file").write_bytes(content)
    found = findings(tree, OUT, inputs, BUILD_PATHS)
    assert [finding.value for finding in found] == ([expected] if expected else [])
    assert findings(tree, OUT, inputs, ()) == ()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\0ci-7f3a9c-17\0", ["ci-7f3a9c"]),
        (b"uid=1900002000(builder)", ["1900002000"]),
        (b"ci-7f3a9cd 19000020001 ci-7f3a9", []),
        (b"", []),
    ],
)
def test_words_that_tell_the_machine(
    tree: Path, inputs: Inputs, content: bytes, found: List[str]
) -> None:
    (tree / "file").write_bytes(content)
    traces = ("ci-7f3a9c", "1900002000")
    assert findings(tree, OUT, inputs, BUILD_PATHS, traces) == tuple(
        Finding("file", Problem.MACHINE, word) for word in found
    )
    assert findings(tree, OUT, inputs, BUILD_PATHS) == ()


def test_what_a_build_wrote_is_shown_as_far_as_it_can_be_read(tree: Path, inputs: Inputs) -> None:
    (tree / "link").symlink_to("/\x1b[2J" + "x" * 4000)
    message = sentence(tree, inputs)
    assert message.startswith("'link' links to /\\x1b[2Jxxx")
    assert len(message) < 500
