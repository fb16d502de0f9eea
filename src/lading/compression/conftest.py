"""A real libdeflate."""

from typing import Iterator

import pytest

from lading.compression.deflate import Deflate
from lading.compression.layer_compressor import LayerCompressor
from lading.image.layers import package_testing


@pytest.fixture(scope="session")
def libdeflate() -> str:
    return package_testing.find_libdeflate()


@pytest.fixture
def deflate(libdeflate: str) -> Iterator[LayerCompressor]:
    with Deflate(libdeflate) as compressor:
        yield compressor
