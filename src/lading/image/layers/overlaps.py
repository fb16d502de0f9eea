"""How much many sets have in common, fast without a library for matrices."""

import struct
from itertools import compress
from typing import Iterator, List, Tuple


class Overlaps:
    """Sets of numbers below `members`, in slots from 0; a set is an int with a bit for each.

    Each member has one long int with a field for every slot, which is 1 where the set there has
    the member. The sum of those of some members thus counts them in all slots at once.
    """

    def __init__(self, members: int, slots: int) -> None:
        self._fields = struct.Struct(f"<{slots}{'H' if members < 1 << 16 else 'I'}")
        self._bits = 8 * self._fields.size // max(slots, 1)
        self._by_member: List[int] = [0] * members

    def put(self, slot: int, added: int) -> None:
        """More members for the set in `slot`, at first empty; it has none of them yet."""
        one = 1 << (self._bits * slot)
        for member in compress(range(len(self._by_member)), _has(added)):
            self._by_member[member] += one

    def with_each(self, members: int) -> Tuple[int, ...]:
        """For each slot, how many of `members` its set has."""
        row = sum(compress(self._by_member, _has(members)))
        return self._fields.unpack(row.to_bytes(self._fields.size, "little"))


def _has(members: int) -> Iterator[int]:
    """For each number from 0, whether it is among them."""
    return map(int, bin(members)[:1:-1])
