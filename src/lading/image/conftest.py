"""A real libdeflate, and packages compressed by it."""

from pathlib import Path
from typing import Iterator

import pytest

from lading.image import package_testing
from lading.image.deflate import Deflate
from lading.image.layer_compressor import LayerCompressor
from lading.image.package_testing import MakePackage, Package, Tree


@pytest.fixture(scope="session")
def libdeflate() -> str:
    return package_testing.find_libdeflate()


@pytest.fixture
def deflate(libdeflate: str) -> Iterator[LayerCompressor]:
    with Deflate(libdeflate) as compressor:
        yield compressor


@pytest.fixture
def make_package(tmp_path: Path, libdeflate: str) -> MakePackage:
    def make(name: str, tree: Tree) -> Package:
        return package_testing.make_package(tmp_path / "packages", libdeflate, name, tree)

    return make
