"""The order of versions: deb-version(7).

Standard library only, for programs in the sandbox; the lock generator has python-debian for it.
"""

import re
from typing import List, Tuple

_EPOCH = re.compile(r"(?:([0-9]*):)?(.*)", re.DOTALL)
_RUNS = re.compile(r"([^0-9]*)([0-9]*)")

# As how long it is, and its digits: whoever made a base may have written more than `int` takes.
_Number = Tuple[int, str]
_Run = Tuple[Tuple[int, ...], _Number]

_NOTHING: _Run = ((0,), (0, ""))


def compare_versions(one: str, other: str) -> int:
    """Negative, 0 or positive, as `one` is before, the same as or behind `other`."""
    first, second = _key(one), _key(other)
    return (first > second) - (first < second)


def _key(version: str) -> Tuple[_Number, List[_Run], List[_Run]]:
    match = _EPOCH.fullmatch(version)
    assert match, "it matches any text"
    epoch, rest = match.groups()
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return _number(epoch or ""), _runs(upstream), _runs(revision)


def _runs(text: str) -> List[_Run]:
    """What is no digit and a number, by turns. The end is like an empty run and 0."""
    runs = [((*map(_rank, other), 0), _number(digits)) for other, digits in _RUNS.findall(text)]
    while runs and runs[-1] == _NOTHING:
        runs.pop()
    return [*runs, _NOTHING]


def _number(digits: str) -> _Number:
    significant = digits.lstrip("0")
    return len(significant), significant


def _rank(character: str) -> int:
    """A tilde comes before the end, letters before all else."""
    if character == "~":
        return -1
    return ord(character) + (0 if character.isalpha() else 256)
