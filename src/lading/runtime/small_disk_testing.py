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
    """The result of `task` in the directory, on which an empty disk is mounted; `options` are those
    of tmpfs(5)."""

    def work() -> Result:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("tmpfs", directory, "tmpfs", 0, options)
        os.chdir(directory)
        return task()

    return as_root(work)


def sentence_of(module: str, *arguments: str) -> str:
    """The error message of the program, which must fail."""
    program = [sys.executable, "-B", "-m", module, *arguments]
    environment = {"PYTHONPATH": os.fspath(_LIBRARY)}
    ended = subprocess.run(program, stderr=subprocess.PIPE, text=True, env=environment)
    assert ended.returncode == USER_ERROR, ended.stderr
    return error_sentence(ended.stderr)
