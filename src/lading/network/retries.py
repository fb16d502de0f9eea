"""Retries operations that may succeed later."""

import time
from dataclasses import dataclass
from typing import Callable, TypeVar

from lading.network.faults import TransientError, UnavailableError
from lading.network.source_url import printable_url
from lading.values.counted import counted

T = TypeVar("T")

#: Fewer bytes than this between two errors don't count as progress.
_PROGRESS = 1 << 16


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try.

    `tries` are those without progress in between. A connection that transfers less than `slowest`
    bytes per second during `window` seconds counts as interrupted.
    """

    connect: float = 15
    read: float = 60
    tries: int = 5
    first_delay: float = 0.5
    longest_delay: float = 60
    slowest: float = 1024
    window: float = 60


#: The default for downloads.
PATIENCE = Patience()


class Persistence:
    """Reports through `report` what it waits for."""

    def __init__(
        self,
        report: Callable[[str], None] = lambda line: None,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._report = report
        self._patience = patience
        self._sleep = sleep

    def __call__(
        self, url: str, attempt: Callable[[], T], progress: Callable[[], int] = lambda: 0
    ) -> T:
        """Call `attempt` until it succeeds. Raises UnavailableError if it fails `tries` times in a
        row without progress, which is counted in bytes.
        """
        failures, most = 0, progress()
        while True:
            try:
                return attempt()
            except TransientError as fault:
                now = progress()
                failures = 1 if now >= most + _PROGRESS else failures + 1
                most = max(most, now)
                if failures >= self._patience.tries:
                    reason = f"{fault.reason} (tried {counted(failures, 'time')})"
                    raise UnavailableError(reason, fault.status) from fault
                delay = fault.delay
                if delay is None:
                    delay = self._patience.first_delay * 2 ** (failures - 1)
                delay = min(delay, self._patience.longest_delay)
                self._report(f"{printable_url(url)}: {fault.reason}; trying again in {delay:g} s")
                self._sleep(delay)
