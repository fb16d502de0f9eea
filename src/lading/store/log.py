"""The output of a script: kept where it outlives the sandbox, and its end shown in errors."""

import os
from pathlib import Path

from lading.full_disk import hardly_any_room
from lading.store.cache import CACHE
from lading.whole_file import whole_file

_CHUNK = 1 << 20

_TAIL_LINES = 30


def keep_log(log: Path, name: str) -> Path:
    """Copy the log to the cache as `<name>.log`; the copy's real path."""
    kept = CACHE / "logs" / f"{name}.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with log.open("rb") as source, whole_file(kept) as copy:
        while chunk := source.read(_CHUNK):
            copy.write(chunk)
    return Path(os.path.realpath(kept))


def failure_sentence(what: str, status: int, log: Path, kept: Path) -> str:
    """That `what`, whose output is in `log`, failed, with the last lines of it.

    `kept` is the copy of the log that outlives the sandbox.
    """
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    tail = "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])
    room = hardly_any_room()
    return (
        f"{what} (status {status}). {room}{' ' if room else ''}The whole log is in {kept}; its "
        f"last lines:\n{tail}"
    )
