"""Runs Lading's library as a sandbox of Pants does, without what Pants does."""

import sys
from pathlib import Path

from speed import ROOT
from speed.workspace import output


def run_program(directory: Path, module: str, *arguments: str) -> None:
    """The module's `main`, in that directory."""
    run_python(directory, "-m", module, *arguments)


def run_python(directory: Path, *arguments: str) -> str:
    """Standard output of an interpreter that finds the library."""
    source = str(ROOT / "src")
    return output(
        sys.executable, "-B", *arguments, directory=directory, environ={"PYTHONPATH": source}
    )
