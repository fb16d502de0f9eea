import subprocess
import sys
from pathlib import Path

import pytest

from lading.program_files import program_files

PROGRAMS = ["lading.store.realise", "lading.fetch.fetch_main"]


@pytest.mark.parametrize("module", PROGRAMS)
def test_a_program_has_all_that_it_imports(module: str, tmp_path: Path) -> None:
    """Imported in a directory with nothing else; without site-packages unless it fetches."""
    for path, content in program_files(module).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    isolation = ["-S"] if "fetch" not in module else []
    code = f"import sys; sys.path.insert(0, '.'); import {module}"
    subprocess.run([sys.executable, "-I", *isolation, "-c", code], cwd=tmp_path, check=True)


def test_data_files_come_with_their_module() -> None:
    files = program_files("lading.store.realise")
    assert {"lading/store/setup.sh", "lading/store/ld.sh"} <= set(files)
    assert not any(path.endswith("_test.py") for path in files)


def test_a_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        program_files("lading.nothing")
