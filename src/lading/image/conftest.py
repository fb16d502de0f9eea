"""Packages compressed with a real libdeflate."""

from pathlib import Path

import pytest

from lading.compression.conftest import deflate, libdeflate
from lading.image.layers import package_testing
from lading.image.layers.package_testing import MakePackage, Package, Tree

__all__ = ("deflate", "libdeflate")


@pytest.fixture
def make_package(tmp_path: Path, libdeflate: str) -> MakePackage:
    def make(name: str, tree: Tree) -> Package:
        return package_testing.make_package(tmp_path / "packages", libdeflate, name, tree)

    return make
