"""Disks that are soon full."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, TypeVar

from lading.namespaces import linux
from lading.namespaces.namespace_testing import as_root
from lading.runtime.program import USER_ERROR, error_sentence

Result = TypeVar("Result")

_LIBRARY = Path(__file__).parents[2]


def on_small_disk(directory: Path, options: str, task: Callable[[], Result]) -> Result:
    """What `task` gives in the directory, which then is an empty disk; `options` are tmpfs(5)'s."""

    def work() -> Result:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("tmpfs", directory, "tmpfs", 0, options)
        os.chdir(directory)
        return task()

    return as_root(work)


def sentence_of(module: str, *arguments: str) -> str:
    """What the program, which fails, says to the user."""
    program = [sys.executable, "-B", "-m", module, *arguments]
    environment = {"PYTHONPATH": os.fspath(_LIBRARY)}
    ended = subprocess.run(program, stderr=subprocess.PIPE, text=True, env=environment)
    assert ended.returncode == USER_ERROR, ended.stderr
    return error_sentence(ended.stderr)
