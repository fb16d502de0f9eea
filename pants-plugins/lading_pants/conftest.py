"""A Debian mirror that is created once for all tests."""

from __future__ import annotations

import pytest

from lading_pants.store.store_package_testing import DebianMirror


@pytest.fixture(scope="session")
def debian_mirror(tmp_path_factory: pytest.TempPathFactory) -> DebianMirror:
    return DebianMirror.make(tmp_path_factory.mktemp("mirror"))
