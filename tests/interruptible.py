"""Programs that tests interrupt."""

import signal


def interruptible() -> None:
    """A `preexec_fn`. What runs in the background of a script, or in a process of pytest-xdist, has
    SIGINT ignored, and so has all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
