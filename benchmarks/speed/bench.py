"""What a benchmark is given."""

from dataclasses import dataclass

from speed.workspace import Workspace


@dataclass(frozen=True)
class Bench:
    """`repeats` are the rounds that count."""

    workspace: Workspace
    repeats: int


class LeftOut(Exception):
    """A benchmark can't be run on this machine, for the reason that is the text."""
