import gzip
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import pytest

from lading.store.build.audit import findings
from lading.store.build.fixup import fixup
from lading.store.elf import read_elf
from lading.store.elf_testing import NEEDED, make_elf
from lading.values.errors import LadingError
from lading.values.path import StorePath

OUT = StorePath("0" * 32, "app-1")
GLIBC = StorePath("1" * 32, "glibc-2.36")
SHELL = StorePath("2" * 32, "bash-5")
LOADER = os.path.basename(read_elf("/bin/sh").interpreter or "")

Inputs = List[Tuple[StorePath, Path]]


@dataclass
class HostTools:
    """The real programs, on files of the tree at the host's paths."""

    tree: Path
    calls: List[Tuple[str, ...]] = field(default_factory=list)

    def run(self, argv: Sequence[str]) -> Tuple[int, str]:
        self.calls.append(tuple(argv))
        process = subprocess.run(
            [self._on_host(argument) for argument in argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
        )
        return process.returncode, process.stdout

    def _on_host(self, argument: str) -> str:
        path = argument.replace(str(OUT), str(self.tree), 1)
        return path if argument.startswith(str(OUT)) and os.path.isfile(path) else argument


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    """A C library and a shell, with files of this machine."""
    glibc, shell = tmp_path / "glibc", tmp_path / "shell"
    (glibc / "lib").mkdir(parents=True)
    (shell / "bin").mkdir(parents=True)
    shutil.copy(read_elf("/bin/sh").interpreter or "", glibc / "lib" / LOADER)
    libc = subprocess.run(
        ["gcc", "-print-file-name=libc.so.6"], stdout=subprocess.PIPE, check=True, text=True
    )
    shutil.copy(libc.stdout.strip(), glibc / "lib" / "libc.so.6")
    for name in ("sh", "bash"):
        (shell / "bin" / name).touch()
    return [(GLIBC, glibc), (SHELL, shell)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for directory in ("bin", "lib"):
        (tmp_path / "tree" / directory).mkdir(parents=True)
    return tmp_path / "tree"


def compile_c(directory: Path, output: str, source: str, *flags: str) -> Path:
    subprocess.run(
        ["gcc", "-g", *flags, "-x", "c", "-", "-o", output],
        input=source.encode(),
        cwd=directory,
        check=True,
    )
    return directory / output


def compile_app(tree: Path) -> None:
    """bin/app, which needs lib/libown.so.1 and libc.so.6."""
    soname = ("-shared", "-fPIC", "-Wl,-soname,libown.so.1")
    compile_c(tree / "lib", "libown.so.1", "int own(void) { return 7; }", *soname)
    main = '#include <stdio.h>\nint own(void); int main(void) { printf("%d\\n", own()); }'
    compile_c(tree / "bin", "app.o", main, "-c")
    link = ["gcc", "-o", "app", "app.o", "../lib/libown.so.1"]
    subprocess.run(link, cwd=tree / "bin", check=True)
    (tree / "bin" / "app.o").unlink()


def contents(tree: Path) -> Dict[str, bytes]:
    files = [path for path in tree.rglob("*") if path.is_file()]
    return {os.fspath(path.relative_to(tree)): path.read_bytes() for path in files}


def sections(path: Path) -> str:
    return subprocess.run(
        ["readelf", "-SW", str(path)], stdout=subprocess.PIPE, check=True, text=True
    ).stdout


def test_a_compiled_program_finds_all_in_the_store(tree: Path, inputs: Inputs) -> None:
    compile_app(tree)
    fixup(tree, OUT, inputs, HostTools(tree), "all")
    app, library = read_elf(str(tree / "bin" / "app")), read_elf(str(tree / "lib" / "libown.so.1"))
    assert app.interpreter == f"{GLIBC}/lib/{LOADER}"
    assert app.runpath == (f"{OUT}/lib", f"{GLIBC}/lib")
    assert library.runpath == ((f"{GLIBC}/lib",) if library.needed else ())
    assert findings(tree, OUT, inputs, ["/build/source"]) == ()
    # It still runs: the host's loader takes the place of the store's.
    directories = f"{tree}/lib:{inputs[0][1]}/lib"
    loader = str(inputs[0][1] / "lib" / LOADER)
    command = [loader, "--library-path", directories, str(tree / "bin" / "app")]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"7\n"


def test_a_second_time_changes_nothing_and_starts_no_patchelf(tree: Path, inputs: Inputs) -> None:
    compile_app(tree)
    fixup(tree, OUT, inputs, HostTools(tree), "all")
    before = contents(tree)
    tools = HostTools(tree)
    fixup(tree, OUT, inputs, tools, "none")
    assert contents(tree) == before and tools.calls == []


def test_same_bytes_each_time(tree: Path, inputs: Inputs, tmp_path: Path) -> None:
    compile_app(tree)
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(tree, copy)
    fixup(tree, OUT, inputs, HostTools(tree), "all")
    fixup(copy, OUT, inputs, HostTools(copy), "all")
    assert contents(tree) == contents(copy)


def test_a_search_path_of_the_host_is_removed(tree: Path, inputs: Inputs) -> None:
    flags = ("-shared", "-fPIC", "-nostdlib", "-Wl,-rpath,/usr/lib:/build/x/.libs")
    path = compile_c(tree / "lib", "libx.so", "int x;", *flags)
    fixup(tree, OUT, inputs, HostTools(tree), "none")
    assert read_elf(str(path)).search_path == ()


@pytest.mark.parametrize(
    "mode, symbols, debug", [("all", False, False), ("debug", True, False), ("none", True, True)]
)
def test_strip_modes(tree: Path, inputs: Inputs, mode: str, symbols: bool, debug: bool) -> None:
    compile_app(tree)
    compile_c(tree / "lib", "static.o", "int own(void) { return 7; }", "-c")
    subprocess.run(["ar", "rcU", "libs.a", "static.o"], cwd=tree / "lib", check=True)
    fixup(tree, OUT, inputs, HostTools(tree), mode)
    for file in ("bin/app", "lib/libown.so.1"):
        assert (".symtab" in sections(tree / file)) == symbols
        assert (".debug_info" in sections(tree / file)) == debug
        assert ".note.gnu.build-id" in sections(tree / file)
    assert ".symtab" in sections(tree / "lib" / "static.o")
    assert ".debug_info" in sections(tree / "lib" / "static.o")
    assert (".debug_info" in sections(tree / "lib" / "libs.a")) == debug


def test_archives_lose_time_and_owner(tree: Path, inputs: Inputs) -> None:
    path = compile_c(tree / "lib", "x.o", "int x;", "-c")
    archives = []
    for second in (1, 2):
        os.utime(path, (second, second))
        subprocess.run(["ar", "rcU", "libx.a", "x.o"], cwd=tree / "lib", check=True)
        fixup(tree, OUT, inputs, HostTools(tree), "debug")
        archives.append((tree / "lib" / "libx.a").read_bytes())
        (tree / "lib" / "libx.a").unlink()
    assert archives[0] == archives[1]


def test_static_programs_are_stripped_and_not_patched(tree: Path, inputs: Inputs) -> None:
    for name, flag in (("static", "-static"), ("pie", "-static-pie")):
        compile_c(tree / "bin", name, "int main(void) { return 3; }", flag)
    tools = HostTools(tree)
    fixup(tree, OUT, inputs, tools, "all")
    assert [call[0] for call in tools.calls] == ["strip"]
    for name in ("static", "pie"):
        assert ".symtab" not in sections(tree / "bin" / name)
        assert subprocess.run([str(tree / "bin" / name)], check=False).returncode == 3


def test_hard_links_stay_and_each_file_is_edited_once(tree: Path, inputs: Inputs) -> None:
    compile_app(tree)
    os.link(tree / "bin" / "app", tree / "bin" / "same")
    tools = HostTools(tree)
    fixup(tree, OUT, inputs, tools, "all")
    assert (tree / "bin" / "app").stat().st_ino == (tree / "bin" / "same").stat().st_ino
    assert ".symtab" not in sections(tree / "bin" / "same")
    assert not any("same" in argument for call in tools.calls for argument in call)


@pytest.mark.parametrize(
    "content",
    [b"\x7fELF broken on purpose", b"\x7fELF", b"GROUP ( libc.so.6 )", b"!<arch>\nbroken", b""],
)
def test_rules_distroless_239_linker_scripts_and_broken_files_stay(
    tree: Path, inputs: Inputs, content: bytes
) -> None:
    (tree / "lib" / "libx.so").write_bytes(content)
    fixup(tree, OUT, inputs, HostTools(tree), "all")
    assert (tree / "lib" / "libx.so").read_bytes() == content


def test_separate_debug_information_stays(tree: Path, inputs: Inputs) -> None:
    compile_app(tree)
    shutil.copy(tree / "lib" / "libown.so.1", tree / "lib" / "libown.so.1.debug")
    (tree / "lib" / "debug").mkdir()
    shutil.copy(tree / "lib" / "libown.so.1", tree / "lib" / "debug" / "libown.so.1")
    fixup(tree, OUT, inputs, HostTools(tree), "all")
    for name in ("libown.so.1.debug", "debug/libown.so.1"):
        assert ".debug_info" in sections(tree / "lib" / name)


def test_the_package_of_the_loader_is_not_patched(inputs: Inputs) -> None:
    glibc = inputs[0][1]
    before = contents(glibc)
    fixup(glibc, GLIBC, inputs[1:], HostTools(glibc), "none")
    assert contents(glibc) == before
    assert findings(glibc, GLIBC, inputs[1:], ["/build/source"]) == ()


def test_files_that_are_read_only_are_edited(tree: Path, inputs: Inputs) -> None:
    compile_app(tree)
    (tree / "bin" / "run").write_text("#!/bin/sh\n:\n")
    for name in ("app", "run"):
        (tree / "bin" / name).chmod(0o511)
    (tree / "bin").chmod(0o555)
    fixup(tree, OUT, inputs, HostTools(tree), "all")
    assert read_elf(str(tree / "bin" / "app")).interpreter == f"{GLIBC}/lib/{LOADER}"
    assert (tree / "bin" / "run").read_text() == f"#!{SHELL}/bin/sh\n:\n"
    assert all((tree / "bin" / name).stat().st_mode & 0o111 == 0o111 for name in ("app", "run"))


def test_shebangs_of_executable_files_only(tree: Path, inputs: Inputs) -> None:
    for name, mode in (("run", 0o755), ("data", 0o644)):
        (tree / "bin" / name).write_text("#!/usr/bin/env bash\n:\n")
        (tree / "bin" / name).chmod(mode)
    fixup(tree, OUT, inputs, HostTools(tree), "none")
    assert (tree / "bin" / "run").read_text() == f"#!{SHELL}/bin/bash\n:\n"
    assert (tree / "bin" / "data").read_text() == "#!/usr/bin/env bash\n:\n"


PAGE = gzip.compress(b"x", mtime=99)


def gzip_header(flags: int, time: bytes) -> bytes:
    return b"\x1f\x8b\x08" + bytes([flags]) + time


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("page.1.gz", PAGE, PAGE[:4] + bytes(4) + PAGE[8:]),
        ("a.tgz", gzip.compress(b"x", mtime=0), gzip.compress(b"x", mtime=0)),
        ("page", PAGE, PAGE),
        ("no.gz", b"plain text", b"plain text"),
        ("short.gz", b"\x1f\x8b\x08\0\1", b"\x1f\x8b\x08\0\1"),
        ("checked.gz", gzip_header(2, b"time"), gzip_header(2, b"time")),
    ],
)
def test_gzip_times(tree: Path, inputs: Inputs, name: str, content: bytes, expected: bytes) -> None:
    (tree / name).write_bytes(content)
    fixup(tree, OUT, inputs, HostTools(tree), "none")
    assert (tree / name).read_bytes() == expected


def test_a_failure_of_patchelf_is_told(tree: Path, inputs: Inputs) -> None:
    # Valid for a loader, but without the section headers that patchelf needs.
    loader = f"/lib64/{LOADER}"
    content = make_elf(interpreter=loader, strings=[(NEEDED, "libc.so.6")])
    (tree / "bin" / "app").write_bytes(content)
    expected = rf"patchelf failed on {OUT}/bin/app \(.+\): remove the file in `script` if"
    with pytest.raises(LadingError, match=expected):
        fixup(tree, OUT, inputs, HostTools(tree), "none")


def test_any_number_of_files_is_stripped(tree: Path, inputs: Inputs) -> None:
    """bubblewrap accepts 9000 arguments, and Linux limits their bytes."""
    (tree / "lib").mkdir(exist_ok=True)
    names = [f"lib{number:04}.a" for number in range(1001)]
    for name in names:
        (tree / "lib" / name).write_bytes(b"!<arch>\n")
    tools = HostTools(tree)
    fixup(tree, OUT, inputs, tools, "all")
    given = [argument for call in tools.calls for argument in call if argument.endswith(".a")]
    assert given == [f"{OUT}/lib/{name}" for name in names]
    assert max(map(len, tools.calls)) < 500
