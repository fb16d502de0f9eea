"""A container's own terminal that stands for the user's, as in container engines.

Pants runs a program in its own session, for which the user's terminal is a mere file: a shell in it
would have no job control, and Ctrl-C would end the whole run.
"""

import fcntl
import os
import select
import subprocess
import termios
import tty
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Iterator

#: The longest time in seconds until a change of the window's size is noticed. Processes that the
#: terminal does not control get no signal.
_TICK = 0.25

_STDIN, _STDOUT, _CHUNK = 0, 1, 1 << 16


def has_terminal() -> bool:
    return os.isatty(_STDIN) and os.isatty(_STDOUT)


@contextmanager
def terminal_kept() -> Iterator[None]:
    """Restores the current state of the user's terminal in the end."""
    if not has_terminal():
        yield
        return
    saved = termios.tcgetattr(_STDIN)
    try:
        yield
    finally:
        with suppress(termios.error):  # it may be gone
            termios.tcsetattr(_STDIN, termios.TCSADRAIN, saved)


@dataclass(frozen=True)
class ContainerTerminal:
    """`master` is Lading's end, `slave` that of the program in the container."""

    master: int
    slave: int

    @classmethod
    def open(cls, owner: int) -> "ContainerTerminal":
        """Runs in the container's root, as its root. `owner` is the program's user id."""
        terminal = cls(*os.openpty())
        os.fchown(terminal.slave, owner, -1)
        return terminal

    def take(self) -> None:
        """Make it the controlling terminal of this session, whose standard input it already is."""
        fcntl.ioctl(_STDIN, termios.TIOCSCTTY, 0)

    def relay(self, process: "subprocess.Popen[bytes]") -> None:
        """Pass on input and output until the program ends or the user's terminal is gone. Then the
        program's terminal is closed too, which ends most programs.
        """
        os.close(self.slave)
        tty.setraw(_STDIN, termios.TCSANOW)  # what has already been typed counts
        with suppress(EOFError, OSError):
            self._relay(process)
        os.close(self.master)

    def _relay(self, process: "subprocess.Popen[bytes]") -> None:
        size = b""
        while process.poll() is None:
            size = self._fit(size)
            ready = select.select((_STDIN, self.master), (), (), _TICK)[0]
            if self.master in ready:
                _pass(self.master, _STDOUT)
            if _STDIN in ready:
                _pass(_STDIN, self.master)
        while select.select((self.master,), (), (), 0)[0]:
            _pass(self.master, _STDOUT)

    def _fit(self, size: bytes) -> bytes:
        """Adopt the size of the window, which was `size`."""
        now = fcntl.ioctl(_STDIN, termios.TIOCGWINSZ, bytes(8))
        if now != size:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, now)
        return now


def _pass(source: int, target: int) -> None:
    """Raises EOFError or OSError if nobody has the other end of one any more."""
    data = os.read(source, _CHUNK)
    if not data:
        raise EOFError
    while data:
        data = data[os.write(target, data) :]
