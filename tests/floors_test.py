"""The packages of the library are floors, as `pyproject.toml` says (import-linter's contracts)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: In one package. With more, a module is not found by its folder any more.
MOST_MODULES = 18

NOT_SHIPPED = ("*_test.py", "*_testing.py", "conftest.py", "__pycache__")


def test_packages_import_lower_ones_only(tmp_path: Path) -> None:
    for package in ("src/lading", "pants-plugins/lading_pants"):
        target = tmp_path / Path(package).name
        shutil.copytree(ROOT / package, target, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    options = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    linted = subprocess.run(
        [sys.executable, "-c", command, *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout


def test_no_package_has_too_many_modules() -> None:
    packages = [
        path for path in (ROOT / "src/lading").rglob("*") if (path / "__init__.py").exists()
    ]
    crowded = {}
    for package in packages:
        modules = [path for path in package.glob("*.py") if not _is_left_out(path)]
        if len(modules) > MOST_MODULES:
            crowded[package.name] = len(modules)
    assert not crowded


def _is_left_out(path: Path) -> bool:
    return path.name == "__init__.py" or any(map(path.match, NOT_SHIPPED))
