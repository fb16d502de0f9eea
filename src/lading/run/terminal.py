"""A terminal of the container's own that stands for the user's, as engines have it.

Pants runs a program in a session of its own, for which the user's terminal is a mere file: in that
a shell has no job control, and Ctrl-C would end the whole run.
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

#: How long it takes at most to notice that the window has another size, in seconds. Nobody tells
#: whom the terminal does not control.
_TICK = 0.25

_STDIN, _STDOUT, _CHUNK = 0, 1, 1 << 16


def has_terminal() -> bool:
    return os.isatty(_STDIN) and os.isatty(_STDOUT)


@contextmanager
def terminal_kept() -> Iterator[None]:
    """The user's terminal is in the end as it is now."""
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
    """`master` is our end, `slave` that of the program in the container."""

    master: int
    slave: int

    @classmethod
    def open(cls, owner: int) -> "ContainerTerminal":
        """In the container's root, as its root. `owner` is the program's user id."""
        terminal = cls(*os.openpty())
        os.fchown(terminal.slave, owner, -1)
        return terminal

    def take(self) -> None:
        """Make it the one that controls this session, whose standard input it is already."""
        fcntl.ioctl(_STDIN, termios.TIOCSCTTY, 0)

    def relay(self, process: "subprocess.Popen[bytes]") -> None:
        """Pass on what is typed and what is printed, until the program ends or the user's terminal
        is gone. Then the program's is gone too, at which most programs end.
        """
        os.close(self.slave)
        tty.setraw(_STDIN, termios.TCSANOW)  # what has been typed already counts
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
        """Take up the size of the window, which was `size`."""
        now = fcntl.ioctl(_STDIN, termios.TIOCGWINSZ, bytes(8))
        if now != size:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, now)
        return now


def _pass(source: int, target: int) -> None:
    """EOFError or OSError if nobody has the other end of one any more."""
    data = os.read(source, _CHUNK)
    if not data:
        raise EOFError
    while data:
        data = data[os.write(target, data) :]
