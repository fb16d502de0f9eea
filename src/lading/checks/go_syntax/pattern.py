"""Regular expressions for checks of outputs and files."""

import re
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from lading.checks.go_syntax.go_regexp import from_go
from lading.values.errors import LadingError
from lading.values.foreign_text import shown

#: Seconds for one text. A pattern that needs time proportional to the text never takes so long.
TIME_LIMIT = 20


class _TooLongError(Exception):
    pass


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises _TooLongError if the block takes longer. Regular expressions react to signals."""

    def too_long(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Pattern:
    """`text` is what the user wrote, `regex` is Python's form of it, with `flags`."""

    text: str
    regex: str
    flags: int

    @classmethod
    def parse(cls, where: str, text: object) -> "Pattern":
        """A Python regular expression, in which `^` and `$` match at each line.

        Raises a LadingError that begins with `where`, such as "`commands` has", if it is invalid.
        """
        if not isinstance(text, str):
            raise LadingError(
                f"{where} the pattern {text!r}, which is not a string. Write a regular expression."
            )
        try:
            re.compile(text, re.MULTILINE)
        except re.error as error:
            raise LadingError(
                f"{where} the pattern {text!r}, which is not a regular expression ({error}). "
                "Write one of Python's, with a backslash before special characters that stand "
                "for themselves."
            ) from error
        return cls(text, text, int(re.MULTILINE))

    @classmethod
    def parse_go(cls, where: str, text: str) -> "Pattern":
        """A Go regular expression, as in container-structure-test."""
        try:
            regex = from_go(text)
            re.compile(regex, re.ASCII)
        except (re.error, ValueError) as error:
            raise LadingError(
                f"{where} the pattern {text!r}, which Lading can't read as a Go regular "
                f"expression: {error}. Write it another way."
            ) from error
        return cls(text, regex, int(re.ASCII))

    def matches(self, text: str) -> bool:
        """Whether it matches anywhere in `text`. Call it in the main thread.

        Raises LadingError if that takes too long: Python tries one alternative after the other, and
        their number may be exponential.
        """
        try:
            with _limited(TIME_LIMIT):
                return re.search(self.regex, text, self.flags) is not None
        except _TooLongError:
            raise LadingError(
                f"the pattern {shown(repr(self.text))} took more than {TIME_LIMIT} seconds on a "
                f"text of {len(text)} characters. Don't repeat what is itself repeated or "
                "optional, as in `(a+)+`."
            ) from None
