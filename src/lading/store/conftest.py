"""A build root that is created once for all tests."""

from pathlib import Path

import pytest

from lading.debs.build_root import assemble
from lading.store.build.host_programs_testing import make_programs_deb


@pytest.fixture(scope="session")
def programs_deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian package of programs, with everything that a build root needs."""
    return make_programs_deb(tmp_path_factory.mktemp("debs") / "programs.deb")


@pytest.fixture(scope="session")
def build_root(programs_deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("roots") / "root"
    assemble([programs_deb], root, {})
    return root
