"""What the sandboxes of Pants take of the machine."""

import os
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List

from repository import Repository
from sandbox_processes import command, descendants

_PAUSE_SECONDS = 0.1


@dataclass
class Costs:
    """The most bytes so far: `memory` of one process in a sandbox, `own` of one without the files
    that it has mapped, `daemon` of Pants' daemon, `disk` of all sandboxes. All are 0 where nothing
    ran for longer than a moment. The kernel keeps the peaks of `memory` and `daemon`; those of
    `own` and `disk` are missed if they are between two looks.
    """

    memory: int = 0
    own: int = 0
    daemon: int = 0
    disk: int = 0


@contextmanager
def watched(repository: Repository, sandboxes: Path) -> Iterator[Costs]:
    """Look at the repository's daemon and what it starts, many times a second, until the block
    ends. `sandboxes` is the directory that they are in."""
    costs = Costs()
    has_ended = threading.Event()

    def watch() -> None:
        while not has_ended.wait(_PAUSE_SECONDS):
            daemons = _daemons(repository)
            costs.daemon = max([costs.daemon, *map(_memory, daemons)])
            programs = _programs(daemons)
            costs.memory = max([costs.memory, *map(_memory, programs)])
            costs.own = max([costs.own, *map(_own_memory, programs)])
            costs.disk = max(costs.disk, disk_usage(sandboxes))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield costs
    finally:
        has_ended.set()
        thread.join()


def peak_memory(process: "subprocess.Popen[bytes]") -> int:
    """The most bytes that it or one below it had in memory, but for the last moment, known when it
    ends.

    What getrusage(2) says of a program is never less than what its parent had, which is a Python.
    """
    peak = 0
    while process.poll() is None:
        peak = max([peak, *map(_memory, (process.pid, *descendants(process.pid)))])
        time.sleep(_PAUSE_SECONDS / 5)
    return peak


def disk_usage(directory: Path) -> int:
    """Bytes of blocks; of files that go meanwhile, some or none."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += 512 * os.lstat(os.path.join(parent, name)).st_blocks
    return total


def _daemons(repository: Repository) -> List[int]:
    return [int(file.read_text()) for file in repository.root.glob(".pids/*/pantsd/pid")]


def _programs(daemons: List[int]) -> List[int]:
    """Those of Lading's below the daemons, once they have become another program than Pants."""
    below = (process for daemon in daemons for process in descendants(daemon))
    return [process for process in below if b"lading." in command(process)]


def _memory(process: int) -> int:
    """The most bytes that it ever had in memory."""
    return _status(process, "VmHWM")


def _own_memory(process: int) -> int:
    """Bytes that it has in memory and nowhere else."""
    return _status(process, "RssAnon")


def _status(process: int, name: str) -> int:
    """Bytes (proc(5), /proc/pid/status); 0 for a process that has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * int(line.split()[1])
    return 0
