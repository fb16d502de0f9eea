"""The order of versions: deb-version(7).

Standard library only, for programs in the sandbox; the lock generator has python-debian for it.
"""

import re
from typing import List, Tuple

_RUNS = re.compile(r"(\D*)(\d*)")
_NOTHING: "_Run" = ((0,), 0)

_Run = Tuple[Tuple[int, ...], int]


def compare_versions(one: str, other: str) -> int:
    """Negative, 0 or positive, as `one` is before, the same as or behind `other`."""
    first, second = _key(one), _key(other)
    return (first > second) - (first < second)


def _key(version: str) -> Tuple[int, List[_Run], List[_Run]]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return int(epoch), _runs(upstream), _runs(revision)


def _runs(text: str) -> List[_Run]:
    """What is no digit and a number, by turns. The end is like an empty run and 0."""
    runs = [((*map(_rank, other), 0), int(digits or 0)) for other, digits in _RUNS.findall(text)]
    while runs and runs[-1] == _NOTHING:
        runs.pop()
    return [*runs, _NOTHING]


def _rank(character: str) -> int:
    """A tilde comes before the end, letters before all else."""
    if character == "~":
        return -1
    return ord(character) + (0 if character.isalpha() else 256)
