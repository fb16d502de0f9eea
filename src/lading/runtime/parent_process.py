"""Processes that end with the one that started them, however that one ends.

A killed process can't end its child processes. Without its parent, a program would work for nobody,
and a worker of a pool would wait for ever and keep its parent's locks.
"""

import ctypes
import os
import signal
import threading
from contextlib import contextmanager
from typing import Iterator

#: Seconds between two checks of the parent.
_INTERVAL = 0.5

# Linux, include/uapi/linux/prctl.h
_PR_SET_PDEATHSIG = 1


@contextmanager
def killed_without_parent() -> Iterator[None]:
    """Until the block ends, kill this process soon after its parent has died.

    The kernel can do that too, but watches the parent's thread, and Pants' threads come and go.
    """
    parent, done = os.getppid(), threading.Event()

    def watch() -> None:
        while not done.wait(_INTERVAL):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def die_with(parent: int) -> None:
    """Kill this process when its parent's main thread, which started it, ends (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # the parent has already ended
        os.kill(os.getpid(), signal.SIGKILL)
