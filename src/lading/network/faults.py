"""Errors at one of the places that may have a file."""

from typing import Optional

from lading.values.foreign_text import printable

#: In characters. Reasons contain texts of servers, sometimes several.
_LONGEST_REASON = 1000


class UnavailableError(Exception):
    """This place does not provide the file, for `reason`; another one may.

    `status` is the status of the HTTP answer, if there was one.
    """

    def __init__(self, reason: str, status: Optional[int] = None) -> None:
        self.reason = _told(reason)
        super().__init__(self.reason)
        self.status = status


class GoneError(UnavailableError):
    """The place answers, but does not have the file."""


class WrongContentError(UnavailableError):
    """The place has a file of that name, but not the pinned one."""


class InsideError(UnavailableError):
    """A server leads to `host`, which is further inside than the server itself."""

    def __init__(self, host: str) -> None:
        super().__init__(f"it leads to {host}, an address inside this network")
        self.host = host


class TransientError(Exception):
    """An error that may be gone at the next try, after `delay` seconds if the server said so."""

    def __init__(
        self, reason: str, delay: Optional[float] = None, status: Optional[int] = None
    ) -> None:
        self.reason = _told(reason)
        super().__init__(self.reason)
        self.delay = delay
        self.status = status


def _told(reason: str) -> str:
    """All texts of servers get into messages through this function."""
    text = printable(reason[:_LONGEST_REASON])
    return text if len(reason) <= _LONGEST_REASON else f"{text}..."
