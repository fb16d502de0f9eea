"""What can go wrong at one place that may have a file."""

from typing import Optional

from lading.values.foreign_text import printable

#: Characters. Reasons have texts of servers in them, some of them more than one.
_LONGEST_REASON = 1000


class UnavailableError(Exception):
    """This place does not give the file, for `reason`; another one may.

    `status` is that of the HTTP answer, if there was one.
    """

    def __init__(self, reason: str, status: Optional[int] = None) -> None:
        self.reason = _told(reason)
        super().__init__(self.reason)
        self.status = status


class GoneError(UnavailableError):
    """The place answers, and does not have the file."""


class WrongContentError(UnavailableError):
    """The place has a file of that name, and it is not the one pinned."""


class InsideError(UnavailableError):
    """A server leads to `host`, which is further inside than the server itself."""

    def __init__(self, host: str) -> None:
        super().__init__(f"it leads to {host}, an address inside this network")
        self.host = host


class TransientError(Exception):
    """A fault that may be over at the next try, in `delay` seconds if the server said so."""

    def __init__(
        self, reason: str, delay: Optional[float] = None, status: Optional[int] = None
    ) -> None:
        self.reason = _told(reason)
        super().__init__(self.reason)
        self.delay = delay
        self.status = status


def _told(reason: str) -> str:
    """All that a server says gets into sentences through here."""
    text = printable(reason[:_LONGEST_REASON])
    return text if len(reason) <= _LONGEST_REASON else f"{text}..."
