import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lading.runtime.parent_process import killed_without_parent

#: Starts its argument in a separate process, and prints the process id.
_PARENT = """
import subprocess, sys
process = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.DEVNULL)
print(process.pid, flush=True)
process.wait()
"""

WATCHER = """
import time
from lading.runtime.parent_process import killed_without_parent
with killed_without_parent():
    open("ready", "w").close()
    time.sleep(600)
"""

POOL = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from lading.runtime.parent_process import die_with
with ProcessPoolExecutor(
    2, multiprocessing.get_context("fork"), die_with, (os.getpid(),)
) as pool:
    with open("workers", "w") as file:
        file.write(str(pool.submit(os.getpid).result()))
    os.rename("workers", "ready")
    time.sleep(600)
"""


def start(script: str, directory: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _PARENT, script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def wait_for(path: Path, there: bool) -> None:
    deadline = time.monotonic() + 30
    while path.exists() != there:
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


def test_a_program_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    with start(WATCHER, tmp_path) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        wait_for(tmp_path / "ready", there=True)
        parent.kill()
    wait_for(Path("/proc", str(pid)), there=False)


def test_workers_do_not_outlive_a_killed_program(tmp_path: Path) -> None:
    with start(POOL, tmp_path) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        wait_for(tmp_path / "ready", there=True)
        worker = (tmp_path / "ready").read_text()
        os.kill(pid, signal.SIGKILL)
        wait_for(Path("/proc", worker), there=False)


def test_nobody_watches_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_without_parent():
        pass
    monkeypatch.setattr(os, "getppid", lambda: 1)
    time.sleep(1)  # two checks
