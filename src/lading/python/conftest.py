"""A real Python, unpacked once."""

import os
from pathlib import Path
from typing import Iterator

import pytest

from lading.image.layers import package_testing
from lading.python.interpreter_testing import interpreter_files
from lading.python.unpacked_interpreter import InterpreterFiles


@pytest.fixture(scope="session")
def libdeflate() -> str:
    return package_testing.find_libdeflate()


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> InterpreterFiles:
    return interpreter_files(tmp_path_factory.mktemp("interpreter"))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Path]:
    """The directory that a program works in."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)
