"""A real libdeflate, and packages compressed by it."""

import ctypes.util
import os
from pathlib import Path
from typing import Iterator

import pytest

from lading.image import package_testing
from lading.image.deflate import Deflate
from lading.image.package_testing import MakePackage, Package, Tree


@pytest.fixture(scope="session")
def libdeflate() -> str:
    """$LADING_LIBDEFLATE, or the system's."""
    name = os.environ.get("LADING_LIBDEFLATE") or ctypes.util.find_library("deflate")
    assert name, "install libdeflate0, or name its file in LADING_LIBDEFLATE"
    if "/" in name:
        return name
    # find_library gives a soname; where the linker found it stands in this process' maps.
    ctypes.CDLL(name)
    with Path("/proc/self/maps").open(encoding="utf-8") as maps:
        return next(line.split()[-1] for line in maps if "/libdeflate" in line)


@pytest.fixture
def deflate(libdeflate: str) -> Iterator[Deflate]:
    with Deflate(libdeflate) as compressor:
        yield compressor


@pytest.fixture
def make_package(tmp_path: Path, libdeflate: str) -> MakePackage:
    def make(name: str, tree: Tree) -> Package:
        return package_testing.make_package(tmp_path / "packages", libdeflate, name, tree)

    return make
