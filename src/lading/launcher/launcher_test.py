import os
import subprocess
import sys
from pathlib import Path

import lading

SOURCES = Path(lading.__file__).parents[1]


def run(directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lading.launcher"],
        cwd=directory,
        env={"PYTHONPATH": str(SOURCES)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_repository_gets_the_launcher_and_its_pins(tmp_path: Path) -> None:
    assert run(tmp_path).stdout == (
        "Wrote pants\nWrote 3rdparty/python/pants.lock.txt\nWrote 3rdparty/python/uv.lock.txt\n"
    )
    assert os.access(tmp_path / "pants", os.X_OK)
    assert "pantsbuild-pants==" in (tmp_path / "3rdparty/python/pants.lock.txt").read_text()
    assert run(tmp_path).returncode == 0


def test_the_launcher_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "pants").write_text("#!/bin/sh\n")
    finished = run(tmp_path)
    assert finished.returncode == 1
    assert finished.stdout == "pants exists and is not Lading's. Move it away, or keep using it.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["pants"]
