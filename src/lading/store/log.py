"""The output of a script: kept where it outlives the sandbox, and its end shown in errors."""

import os
import shutil
import tempfile
from pathlib import Path

from lading.store.cache import CACHE

_TAIL_LINES = 30


def keep_log(log: Path, name: str) -> Path:
    """Copy the log to the cache as `<name>.log`; the copy's real path."""
    directory = CACHE / "logs"
    directory.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=directory)
    os.close(handle)
    try:
        shutil.copyfile(log, temporary)
    except OSError:  # a full disk, for one
        os.unlink(temporary)
        raise
    os.replace(temporary, directory / f"{name}.log")
    return Path(os.path.realpath(directory / f"{name}.log"))


def failure_sentence(what: str, status: int, log: Path, kept: Path) -> str:
    """That `what`, whose output is in `log`, failed, with the last lines of it.

    `kept` is the copy of the log that outlives the sandbox.
    """
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    tail = "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])
    return f"{what} (status {status}). The whole log is in {kept}; its last lines:\n{tail}"
