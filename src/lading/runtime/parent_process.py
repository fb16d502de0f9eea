"""Processes that end with the one that started them, however that one ends.

What is killed can't end what it has started. Without its parent a program would work for nobody,
and a worker of a pool would wait for ever, with its parent's locks in its hands.
"""

import ctypes
import os
import signal
import threading
from contextlib import contextmanager
from typing import Iterator

#: Seconds between two looks at the parent.
_INTERVAL = 0.5

# Linux, include/uapi/linux/prctl.h
_PR_SET_PDEATHSIG = 1


@contextmanager
def killed_without_parent() -> Iterator[None]:
    """Until the block ends, this process is killed soon after its parent has died.

    The kernel would do that too, but goes by the parent's thread, and Pants' come and go.
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
    """This process is killed when its parent's main thread, which started it, ends (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it was quicker
        os.kill(os.getpid(), signal.SIGKILL)
