"""The order of Debian versions: deb-version(7), and dpkg's `verrevcmp`, step by step.

It uses only the standard library, for programs in the sandbox.
"""

from functools import cmp_to_key
from typing import Tuple

_DIGITS = frozenset("0123456789")


def compare_versions(one: str, other: str) -> int:
    """Negative, 0 or positive if `one` is before, the same as or after `other`.

    Any text can be compared, since an image may contain versions that dpkg refuses.
    """
    for first, second in zip(_parts(one), _parts(other)):
        order = _compare(first, second)
        if order:
            return order
    return 0


#: A key for `sorted` and `max`: oldest first.
version_key = cmp_to_key(compare_versions)


def _parts(version: str) -> Tuple[str, str, str]:
    """Epoch, upstream version and revision. A missing part compares like "0"."""
    epoch, colon, rest = version.partition(":")
    if not colon or not _DIGITS.issuperset(epoch):
        epoch, rest = "", version
    upstream, dash, revision = rest.rpartition("-")
    return (epoch, upstream, revision) if dash else (epoch, rest, "")


def _compare(one: str, other: str) -> int:
    """Compares runs of non-digits and runs of digits, alternately, until both texts have ended."""
    while one or other:
        first, one = _split(one, digits=False)
        second, other = _split(other, digits=False)
        order = _compare_text(first, second)
        if order:
            return order
        first, one = _split(one, digits=True)
        second, other = _split(other, digits=True)
        order = _compare_numbers(first.lstrip("0"), second.lstrip("0"))
        if order:
            return order
    return 0


def _split(text: str, digits: bool) -> Tuple[str, str]:
    """The run of digits, or of non-digits, at the beginning of `text`, and the rest."""
    end = 0
    while end < len(text) and (text[end] in _DIGITS) == digits:
        end += 1
    return text[:end], text[end:]


def _compare_text(one: str, other: str) -> int:
    """Compares by `_rank`; the end of a text has the rank 0."""
    first, second = list(map(_rank, one)), list(map(_rank, other))
    length = max(len(first), len(second))
    first += [0] * (length - len(first))
    second += [0] * (length - len(second))
    return (first > second) - (first < second)


def _compare_numbers(one: str, other: str) -> int:
    """Compares texts of digits, since `int` may refuse so many."""
    first, second = (len(one), one), (len(other), other)
    return (first > second) - (first < second)


def _rank(character: str) -> int:
    """A tilde sorts before the end, letters before everything else."""
    if character == "~":
        return -1
    return ord(character) + (0 if character.isascii() and character.isalpha() else 256)
