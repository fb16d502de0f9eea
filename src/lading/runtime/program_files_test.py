import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from lading.runtime import program_files
from lading.runtime.program_files import ProgramSources, program_fingerprint

PROGRAMS = ["lading.store.build.realise", "lading.fetch.fetch_main"]
REALISE = PROGRAMS[0]

SHIPPED = {
    "__init__.py": '"""A package."""\n',
    "main.py": '''
"""A program."""
from typing import List

from lading.words import (
    NAME,  # of nobody
)
from lading import words as some


def main(names: List[str]) -> str:
    """Greet."""
    # All of them.
    return f"{NAME} {', '.join(names)} {some.__name__}"


class Empty:
    """Nothing."""
''',
    "words.py": 'NAME = "Hello"\n',
}

REWORDED = {
    "__init__.py": "",
    "main.py": '''
from lading import words as some
from lading.words import NAME
from typing import List

def main(
    names: List[str],
) -> str:
    """Say hello to all of them."""
    return (f'{NAME} {", ".join(names)} {some.__name__}')
class Empty: pass
''',
    "words.py": 'NAME = (  # what it says\n    "Hello"\n)\n',
}


def sources(directory: Path, files: Dict[str, str]) -> ProgramSources:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    return ProgramSources(directory)


@pytest.mark.parametrize("module", PROGRAMS)
def test_a_program_has_all_that_it_imports(module: str, tmp_path: Path) -> None:
    """It is imported in a directory with nothing else; without site-packages unless it fetches."""
    for path, content in program_files.program_files(module).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    isolation = ["-S"] if "fetch" not in module else []
    code = f"import sys; sys.path.insert(0, '.'); import {module}"
    subprocess.run([sys.executable, "-I", *isolation, "-c", code], cwd=tmp_path, check=True)


def test_data_files_come_with_their_module() -> None:
    files = program_files.program_files(REALISE)
    scripts = {path.rpartition("/")[2]: content for path, content in files.items()}
    assert not any(path.endswith("_test.py") for path in files)
    assert scripts["ld.sh"].startswith(b"#!/bin/")
    assert not [line for line in scripts["setup.sh"].splitlines() if line.startswith(b"#")]


def test_a_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        program_files.program_files("lading.nothing")


def test_prose_and_formatting_are_free(tmp_path: Path) -> None:
    shipped = sources(tmp_path / "shipped", SHIPPED)
    reworded = sources(tmp_path / "reworded", REWORDED)
    assert shipped.fingerprint("lading.main") == reworded.fingerprint("lading.main")
    files = shipped.files("lading.main")
    assert list(files) == ["lading/__init__.py", "lading/main.py", "lading/words.py"]
    assert b"Greet" not in files["lading/main.py"] and b"#" not in files["lading/main.py"]
    program: Dict[str, Any] = {}
    exec(compile(files["lading/words.py"], "words", "exec"), program)
    assert program["NAME"] == "Hello"


def test_places_are_free(tmp_path: Path) -> None:
    moved = {
        "__init__.py": "",
        "deep/__init__.py": "",
        "deep/main.py": SHIPPED["main.py"].replace("lading.words", "lading.deep.aside.words"),
        "deep/aside/__init__.py": "",
        "deep/aside/words.py": SHIPPED["words.py"],
    }
    place = "from lading import words"
    moved["deep/main.py"] = moved["deep/main.py"].replace(
        place, "from lading.deep.aside import words"
    )
    fingerprint = sources(tmp_path / "moved", moved).fingerprint("lading.deep.main")
    assert fingerprint == sources(tmp_path / "shipped", SHIPPED).fingerprint("lading.main")


@pytest.mark.parametrize(
    "path, text, other",
    [
        ("words.py", "Hello", "Hallo"),
        ("main.py", "NAME,", "NAME as NAMES,"),
        ("main.py", "names: List[str]", "names: List[str] = []"),
        ("main.py", "', '", "'; '"),
    ],
)
def test_code_is_not(path: str, text: str, other: str, tmp_path: Path) -> None:
    changed = {**SHIPPED, path: SHIPPED[path].replace(text, other)}
    assert changed != SHIPPED
    before = sources(tmp_path / "shipped", SHIPPED).fingerprint("lading.main")
    assert sources(tmp_path / "changed", changed).fingerprint("lading.main") != before


def test_modules_that_import_each_other_are_an_error(tmp_path: Path) -> None:
    circle = {**SHIPPED, "words.py": "from lading.main import Empty\n"}
    with pytest.raises(ValueError, match="imports itself"):
        sources(tmp_path, circle).fingerprint("lading.main")


def test_each_program_of_lading_has_a_fingerprint_without_its_prose(tmp_path: Path) -> None:
    """Every module of the builder, reworded and formatted differently."""
    package = Path(program_files.__file__).parent.parent
    copy = tmp_path / "lading"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("*_test.py", "__pycache__"))
    for path in copy.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
                node.body[0] = ast.Expr(ast.Constant("Reworded."))
        path.write_text("# Reworded.\n" + ast.unparse(tree) + "\n")
    for path in copy.rglob("*.sh"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0], "# Reworded.", *lines[1:]]) + "\n")
    reworded = ProgramSources(copy)
    assert reworded.fingerprint(REALISE) == program_fingerprint(REALISE)
    assert reworded.files(REALISE) == program_files.program_files(REALISE)
