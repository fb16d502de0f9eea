"""What can go wrong at one place that may have a file."""

from typing import Optional


class UnavailableError(Exception):
    """This place does not give the file, for `reason`; another one may.

    `status` is that of the HTTP answer, if there was one.
    """

    def __init__(self, reason: str, status: Optional[int] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class GoneError(UnavailableError):
    """The place answers, and does not have the file."""


class WrongContentError(UnavailableError):
    """The place has a file of that name, and it is not the one pinned."""


class TransientError(Exception):
    """A fault that may be over at the next try, in `delay` seconds if the server said so."""

    def __init__(
        self, reason: str, delay: Optional[float] = None, status: Optional[int] = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.delay = delay
        self.status = status
