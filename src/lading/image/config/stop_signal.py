"""The signal that asks a container to end (OCI image-spec, config.md, StopSignal)."""

import difflib
import re

from lading.values.errors import LadingError

# signal(7), Linux. Real-time signals count from SIGRTMIN or SIGRTMAX.
# fmt: off
_NAMES = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "KILL", "USR1", "SEGV",
    "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "POLL", "PWR", "SYS",
)
# fmt: on

SIGNALS = tuple(f"SIG{name}" for name in _NAMES)

_MAX_SIGNAL = 64
# The real-time signals that docker and podman know by name.
_REAL_TIME = re.compile(r"SIGRTMIN(?:\+(?:[1-9]|1[0-5]))?|SIGRTMAX(?:-(?:[1-9]|1[0-4]))?")
_NUMBER = re.compile(r"[0-9]{1,2}")


def parse_stop_signal(text: str) -> str:
    """Returns `text` if it is a signal's name or number; raises a LadingError otherwise."""
    if text in SIGNALS or _REAL_TIME.fullmatch(text):
        return text
    if _NUMBER.fullmatch(text) and 1 <= int(text) <= _MAX_SIGNAL:
        return text
    name = text.upper()[3:] if text.upper().startswith("SIG") else text.upper()
    near = difflib.get_close_matches(name, _NAMES, n=1)
    hint = "Write a name such as `SIGTERM`, or a number."
    if near:
        hint = f"Did you mean `SIG{near[0]}`?"
    raise LadingError(f"`stop_signal` is {text!r}, which is not a Linux signal. {hint}")
