"""Locks held by one process while others wait; waiting has a limit and is reported.

A lock ends with the process that holds it, however that ends.
"""

import fcntl
import os
import re
import sys
import time
from pathlib import Path
from typing import Callable, List

from lading.values.errors import LadingError

#: Seconds of waiting before it is reported.
_PATIENCE = 5.0

#: Seconds. Unpacking the largest build roots takes a minute on a slow disk, and the file of a
#: download keeps growing.
_LIMIT = 900.0

#: Seconds between two tries.
_SHORTEST, _LONGEST = 0.01, 0.5

# proc(5): "1: FLOCK  ADVISORY  WRITE 4711 fe:01:1835012 0 EOF"
_FLOCK = re.compile(r"^\d+: FLOCK\s+\S+\s+\S+\s+(\d+)\s+\S+:(\d+) ", re.MULTILINE)


def lock(
    file: int,
    what: str,
    shared: bool = False,
    report: Callable[[str], object] = lambda line: sys.stderr.write(f"{line}\n"),
) -> None:
    """Lock the open `file` (flock), which is for `what`, until the file is closed.

    After some seconds of waiting, a line reports who holds the lock. Raises LadingError after
    `_LIMIT` seconds without a change of the file.
    """
    operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    start = begin = time.monotonic()
    pause, state, is_reported = _SHORTEST, None, False
    while True:
        try:
            fcntl.flock(file, operation | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pass
        now, status = time.monotonic(), os.fstat(file)
        if state != (status.st_size, status.st_mtime_ns):
            state, begin = (status.st_size, status.st_mtime_ns), now
        if now - begin > _LIMIT:
            raise LadingError(
                f"{_holders(status.st_ino)} has been busy with {what} for {now - start:.0f} "
                "seconds, and it can't be used meanwhile. End that process if it hangs, and run "
                "this again."
            )
        if now - start > _PATIENCE and not is_reported:
            report(f"Waiting for {_holders(status.st_ino)}, which is busy with {what}.")
            is_reported = True
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)


def _holders(inode: int) -> str:
    """Who holds a lock of the file, such as "process 4711 (lading.store.build.realise)"."""
    try:
        locks = Path("/proc/locks").read_text(encoding="ascii", errors="replace")
    except OSError:
        locks = ""
    # On some file systems, the kernel shows another device number here than in stat(2). -1 and 0
    # stand for processes outside of this PID namespace.
    found = [int(pid) for pid, number in _FLOCK.findall(locks) if int(number) == inode]
    names = sorted({f"process {pid}{_program(pid)}" for pid in found if pid > 0})
    return ", ".join(names) or "another process"


def _program(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return ""
    modules: List[str] = [word for word in words if word.startswith("lading.")]
    name = modules[0] if modules else os.path.basename(words[0])
    return f" ({name})" if name.isprintable() and name else ""
