import importlib.util
import marshal
import subprocess
from pathlib import Path
from types import CodeType

import pytest

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.python.bytecode import Module, compile_modules, is_bytecode
from lading.python.interpreter_testing import TAG, VERSION, segment_file, text_of
from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.store.elf_testing import NEEDED, make_elf
from lading.tar.tree_segment import TreeFile, write_tree_segment
from lading.values.errors import LadingError

_HEADER = 16  # PEP 552


def module(path: str, source: Path, text: str) -> Module:
    source.write_text(text, encoding="utf-8")
    return Module(path, source)


def test_modules_are_compiled_for_their_place_in_the_image(
    sandbox: Path, interpreter: InterpreterFiles
) -> None:
    modules = [
        module("app/b.py", sandbox / "x", "def f():\n    return 'é'\n"),
        module("app/a.py", sandbox / "y", "A = 1\n"),
    ]
    python = UnpackedInterpreter.of(interpreter)
    files = compile_modules(modules, python, sandbox)
    assert [file.member.path for file in files] == [
        f"app/__pycache__/a.{TAG}.pyc",
        f"app/__pycache__/b.{TAG}.pyc",
    ]
    data = text_of(files, f"app/__pycache__/b.{TAG}.pyc")
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == bytes((1, 0, 0, 0)), "of a hash that is not checked"
    code = marshal.loads(data[_HEADER:])
    assert isinstance(code, CodeType) and code.co_filename == "/app/b.py"


def test_the_same_modules_give_the_same_bytes_anywhere(
    sandbox: Path, interpreter: InterpreterFiles
) -> None:
    python = UnpackedInterpreter.of(interpreter)
    found = []
    for name in ("one", "another"):
        scratch = sandbox / name
        scratch.mkdir()
        modules = [
            module(f"app/{stem}.py", scratch / stem, f"import os\nX = {{'{stem}': os.name}}\n")
            for stem in ("a", "b")
        ]
        files = compile_modules(modules, python, scratch)
        found.append([text_of((file,), file.member.path) for file in files])
    assert found[0] == found[1]


def test_what_is_no_module_of_this_python_is_left_out(
    sandbox: Path, interpreter: InterpreterFiles
) -> None:
    texts = {"good": "A = 1\n", "two": "print 'x'\n", "nul": "A = '\0'\n"}
    modules = [module(f"{name}.py", sandbox / name, text) for name, text in texts.items()]
    (sandbox / "latin").write_bytes(b"A = '\xff'\n")
    modules.append(Module("latin.py", sandbox / "latin"))
    python = UnpackedInterpreter.of(interpreter)
    (file,) = compile_modules(modules, python, sandbox)
    assert file.member.path == f"__pycache__/good.{TAG}.pyc"


@pytest.mark.parametrize("path", ["a/__pycache__/b.cpython-311.pyc", "b.pyc", "b.pyo"])
def test_bytecode(path: str) -> None:
    assert is_bytecode(path) and not is_bytecode("pycache/b.py")


def test_an_interpreter_is_unpacked_once_and_takes_no_notice_of_the_environment(
    sandbox: Path, interpreter: InterpreterFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    python = UnpackedInterpreter.of(interpreter)
    assert UnpackedInterpreter.of(interpreter) == python
    printed = python.run(["-c", "import sys; print(sys.prefix); print('/nowhere' in sys.path)"])
    root = sandbox / ".lading/cache/python" / interpreter.key / "tree/usr"
    assert printed.split() == [str(root), "False"]
    assert (root / "bin/python3").resolve().name == f"python{VERSION}"
    with pytest.raises(subprocess.CalledProcessError):
        python.run(["-c", "raise SystemExit(1)"])


def test_what_is_no_interpreter_is_refused(sandbox: Path, interpreter: InterpreterFiles) -> None:
    segments = interpreter.segments
    with pytest.raises(LadingError) as caught:
        UnpackedInterpreter.of(InterpreterFiles("usr/bin/python9", segments))
    assert str(caught.value) == (
        "/usr/bin/python9 is not a Python in the image that can be started: name a package that "
        "has bin/python3 in `python`."
    )


def test_an_interpreter_of_another_machine_is_told(
    sandbox: Path, interpreter: InterpreterFiles
) -> None:
    foreign = make_elf(machine=0, interpreter="/lib64/ld-linux-x86-64.so.2", strings=[(NEEDED, "")])
    with (sandbox / "foreign.tar").open("wb") as output:
        member = Entry("usr/bin/foreign", Kind.FILE, 0o755)
        write_tree_segment([TreeFile(member, foreign)], output)
    loader = Entry("usr/lib/ld-linux-x86-64.so.2", Kind.FILE, 0o755)
    with (sandbox / "loader.tar").open("wb") as output:
        write_tree_segment([TreeFile(loader, foreign)], output)
    segments = (segment_file(Path("foreign.tar")), segment_file(Path("loader.tar")))
    with pytest.raises(LadingError) as caught:
        UnpackedInterpreter.of(InterpreterFiles("usr/bin/foreign", segments))
    text = str(caught.value)
    assert text.startswith("the image's Python can't be started on this machine to compile modules")
    assert text.endswith("Build the image on a machine of its architecture.")
