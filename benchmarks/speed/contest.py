"""Times contestants side by side: in turns, so that whatever else the machine does hits all."""

import itertools
import os
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Callable, Iterator, List, Sequence, Tuple

#: The change that a contestant makes before it is timed; a text that no change had before, in this
#: run of the benchmarks or in another.
Change = str


def _nothing(change: Change) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Contestant:
    """`prepare` makes a change, which is not timed, and `run` what is.

    `state` says what is warm: what the contestant has of earlier runs.
    """

    name: str
    run: Callable[[], object]
    prepare: Callable[[Change], object] = _nothing
    state: str = "warm"


@dataclass(frozen=True)
class Timing:
    """`seconds` of each round."""

    name: str
    state: str
    seconds: Tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def compete(contestants: Sequence[Contestant], rounds: int, uncounted: int = 1) -> List[Timing]:
    """A timing each, in the order given, of `rounds`, after some that don't count. Each goes the
    other way round than the one before."""
    seconds: List[List[float]] = [[] for _ in contestants]
    changes = _changes()
    for round_ in range(uncounted + rounds):
        numbered = list(enumerate(contestants))
        for number, contestant in numbered if round_ % 2 else reversed(numbered):
            contestant.prepare(next(changes))
            start = time.perf_counter()
            contestant.run()
            took = time.perf_counter() - start
            print(f"    {contestant.name}: {took:.3f} s", file=sys.stderr, flush=True)
            if round_ >= uncounted:
                seconds[number].append(took)
    return [
        Timing(contestant.name, contestant.state, tuple(times))
        for contestant, times in zip(contestants, seconds)
    ]


def _changes() -> Iterator[Change]:
    nonce = os.urandom(4).hex()
    return (f"{nonce}-{number}" for number in itertools.count())
