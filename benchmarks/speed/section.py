"""What a benchmark found out: a section of the page."""

from dataclasses import dataclass
from typing import Iterator, Sequence, Tuple

from speed.contest import Timing


@dataclass(frozen=True)
class Claim:
    """What the project has promised: `measured` is at most `limit`, or at least it."""

    text: str
    measured: float
    limit: float
    unit: str = "times"
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def __str__(self) -> str:
        bound = "at least" if self.at_least else "at most"
        return (
            f"{'Holds' if self.holds else '**Does not hold**'}: {self.text}: {self.measured:.2f} "
            f"{self.unit}, {bound} {self.limit:g}."
        )


def compared(
    text: str, one: str, other: str, limit: float, timings: Sequence[Timing]
) -> Tuple[Claim, ...]:
    """That `one` takes `limit` times as long as `other` at most; nothing where one is missing."""
    medians = {timing.name: timing.median for timing in timings}
    if one not in medians or other not in medians:
        return ()
    return (Claim(text, medians[one] / medians[other], limit),)


@dataclass(frozen=True)
class Section:
    """The text of a benchmark; of `timings`, the first is what the others are compared with."""

    about: str
    timings: Sequence[Timing] = ()
    claims: Sequence[Claim] = ()
    further: Tuple[str, ...] = ()

    def lines(self, machine: str) -> Iterator[str]:
        yield from (self.about, "", machine, "")
        if self.timings:
            yield "| | state | seconds, median | from | to | times the first |"
            yield "|---|---|---:|---:|---:|---:|"
            yield from (_row(timing, self.timings[0]) for timing in self.timings)
            yield ""
        yield from self.further
        if self.further:
            yield ""
        yield from (f"- {claim}" for claim in self.claims)


def _row(timing: Timing, first: Timing) -> str:
    figures = (timing.median, min(timing.seconds), max(timing.seconds))
    ratio = timing.median / first.median
    return (
        f"| {timing.name} | {timing.state} | "
        + " | ".join(f"{figure:.3f}" for figure in figures)
        + f" | {ratio:.2f} |"
    )
