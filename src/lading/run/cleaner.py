"""Deletes a directory as soon as no process works in it any more, however these end."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from lading.files.removed_tree import remove_tree
from lading.namespaces.child import Child

# Processes that work in the directory may take a moment to die.
_SECONDS = 10.0


@dataclass(frozen=True)
class Cleaner:
    """A child in its own session, because Pants kills the whole process group in the end.

    It acts when this process, and those that it has forked since, have called `finish` or are dead.
    """

    child: Child
    lifeline: int

    @classmethod
    def start(cls, directory: Path) -> "Cleaner":
        reading, writing = os.pipe()

        def task() -> int:
            os.setsid()
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            os.close(writing)
            os.read(reading, 1)
            _delete(directory)
            return 0

        child = Child.start(task)
        os.close(reading)
        return cls(child, writing)

    def finish(self) -> None:
        os.close(self.lifeline)
        self.child.wait()


def _delete(directory: Path) -> None:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            remove_tree(directory)
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
