"""Sets of characters in regular expressions."""

import functools
from dataclasses import dataclass
from typing import Dict, List, Set, Tuple

#: The last character.
ANY = 0x10FFFF

# No character after this one has another case.
_LAST_CASED = 0x1E943


@dataclass(frozen=True)
class CharacterSet:
    """Ranges (first, last), which may overlap."""

    ranges: Tuple[Tuple[int, int], ...]

    @classmethod
    def of(cls, ends: str) -> "CharacterSet":
        """From the first and last characters of ranges: `09AZ`."""
        return cls(tuple((ord(low), ord(high)) for low, high in zip(ends[::2], ends[1::2])))

    @property
    def first(self) -> int:
        return self.ranges[0][0]

    def __or__(self, other: "CharacterSet") -> "CharacterSet":
        return CharacterSet(self.ranges + other.ranges)

    def complement(self) -> "CharacterSet":
        left = []
        at = 0
        for low, high in sorted(self.ranges):
            if at < low:
                left.append((at, low - 1))
            at = max(at, high + 1)
        return CharacterSet((*left, *([(at, ANY)] if at <= ANY else [])))

    def folded(self) -> "CharacterSet":
        """With all characters that differ only in case (Go, unicode.SimpleFold)."""
        more = {
            other
            for character, orbit in _orbits().items()
            if any(low <= character <= high for low, high in self.ranges)
            for other in orbit
        }
        return CharacterSet((*self.ranges, *((one, one) for one in sorted(more))))

    def to_regex(self) -> str:
        if not self.ranges:
            return r"(?!)"
        if len(self.ranges) == 1 and self.first == self.ranges[0][1]:
            return _escaped(self.first)
        return f"[{''.join(_escaped(low) + '-' + _escaped(high) for low, high in self.ranges)}]"


def _escaped(character: int) -> str:
    text = chr(character)
    return text if text.isalnum() and text.isascii() else f"\\U{character:08x}"


@functools.lru_cache(maxsize=None)
def _orbits() -> Dict[int, Set[int]]:
    """For each character with other cases, all of them."""
    by_folded: Dict[str, List[int]] = {}
    for number in range(_LAST_CASED + 1):
        by_folded.setdefault(_simple_fold(chr(number)), []).append(number)
    return {
        number: set(orbit) for orbit in by_folded.values() if len(orbit) > 1 for number in orbit
    }


def _simple_fold(character: str) -> str:
    """Maps one character to one (Unicode, CaseFolding.txt, statuses C and S)."""
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return folded
    return character
