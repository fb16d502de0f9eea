"""What rule tests share, since it takes long to create."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from pants.base.build_root import BuildRoot
from pants.testutil.rule_runner import RuleRunner

from lading_pants.store.store_package_testing import DebianMirror


@pytest.fixture(scope="session")
def debian_mirror(tmp_path_factory: pytest.TempPathFactory) -> DebianMirror:
    return DebianMirror.make(tmp_path_factory.mktemp("mirror"))


@pytest.fixture
def runner(module_runner: RuleRunner) -> RuleRunner:
    """The `module_runner` of a test file, without the files and options of earlier tests.

    To create a RuleRunner takes a second, most of it to check the rules.
    """
    root = Path(module_runner.build_root)
    BuildRoot().path = str(root)  # of the process; other runners set it, too
    module_runner.scheduler.invalidate_files(_remove_files(root))
    module_runner.extra_session_values = {}
    module_runner.set_options(())
    return module_runner


def _remove_files(root: Path) -> set[str]:
    """Empties the directory, and returns the relative paths of all that was in it."""
    removed = {
        os.path.relpath(os.path.join(directory, name), root)
        for directory, directories, files in os.walk(root)
        for name in (*directories, *files)
    }
    for path in root.iterdir():
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        else:
            shutil.rmtree(path)
    (root / ".pants.d").mkdir()
    return {"", *removed}
