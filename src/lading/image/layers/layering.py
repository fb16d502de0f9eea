"""How the store packages of an image are divided into layers.

Whoever pushes or pulls gets a layer anew if one package in it has changed. So the question is which
packages to put together where there are more packages than layers. The answer keeps small what one
change is expected to cost, in bytes. A change is taken to hit any package of the closure as likely
as any other, and in a store, all that refer to it change with it: a group of packages is as likely
to change as there are packages at or below it. First each package has a layer; then, until they are
few enough, the two that cost least together are put together. So small ones come to small ones,
and what changes at the same time comes together.

docs/layers.md compares this with what others do.
"""

import heapq
import struct
from dataclasses import dataclass
from itertools import compress
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from lading.image.config.layer import MAX_LAYERS
from lading.store.graph import build_order
from lading.store.package import StorePackage
from lading.values.path import StorePath

PER_PACKAGE, SINGLE = "per-package", "single"

#: What `layering` of an image may be.
LAYERINGS = (PER_PACKAGE, SINGLE)


@dataclass(frozen=True)
class _Group:
    """`below` has a bit for each package at or below the group, `count` is their number; `size` is
    in bytes."""

    paths: Tuple[StorePath, ...]
    below: int
    count: int
    size: int

    def joined(self, other: "_Group") -> "_Group":
        below = self.below | other.below
        return _Group(self.paths + other.paths, below, _count(below), self.size + other.size)


def room_for_packages(max_layers: int, other_layers: int) -> int:
    """How many layers of packages an image may have beside its `other_layers`, with a base's.

    `max_layers` is of the whole image. 0 if packages must share a layer with something else.
    """
    return max(0, min(max_layers, MAX_LAYERS) - other_layers)


def plan_layers(
    packages: Sequence[StorePackage], max_layers: int
) -> Tuple[Tuple[StorePath, ...], ...]:
    """Groups of the packages, each sorted, at most `max_layers` (1 or more) of them.

    What changes seldom comes first: in docker, a new layer means that all above it are unpacked
    anew. References to others than `packages` don't count. The result does not depend on their
    order, and their hashes decide only between packages of the same name.
    """
    groups = _merged(_single_groups(packages), max_layers)
    groups.sort(key=lambda group: (group.count, min(map(_by_name, group.paths))))
    return tuple(tuple(sorted(group.paths)) for group in groups)


def _single_groups(packages: Iterable[StorePackage]) -> List[_Group]:
    """Each package as a group, by name."""
    known = {str(package.path): package for package in packages}
    references = {
        name: [str(path) for path in package.references if str(path) in known]
        for name, package in known.items()
    }
    below: Dict[str, int] = {}
    for number, name in enumerate(build_order(references)):
        below[name] = 1 << number
        for reference in references[name]:
            below[name] |= below[reference]
    ordered = sorted(known.values(), key=lambda package: _by_name(package.path))
    return [
        _Group(
            (package.path,),
            below[str(package.path)],
            _count(below[str(package.path)]),
            package.segment_size,
        )
        for package in ordered
    ]


def _merged(groups: Sequence[_Group], max_layers: int) -> List[_Group]:
    """At most `max_layers` groups; two at a time are put together, those that cost least first."""
    pairs = _Pairs(groups)
    while len(pairs.left) > max_layers:
        pairs.join_cheapest()
    return list(pairs.left.values())


class _Pairs:
    """Groups `left` by number, and what it costs to join any two of them.

    Numbers go on with those that are put together. Of equal costs, the groups with lower numbers
    come first: by name.

    A pair is one int, since there are half a million pairs of a thousand packages: the cost, then
    the two numbers, in places of `_base`. So they sort as tuples would, in a fraction of the time.
    """

    def __init__(self, groups: Sequence[_Group]) -> None:
        self._base = 2 * len(groups)
        self.left: Dict[int, _Group] = {}
        # Number, slot, count and size of each that is left. What two are put together to has the
        # slot of the first.
        self._facts: Dict[int, Tuple[int, int, int, int]] = {}
        self._overlaps = Overlaps(len(groups), len(groups))
        # For each number, a heap of its pairs with lower ones: cost, then the lower number.
        self._rows: List[List[int]] = []
        # A heap of the cheapest pair of each row.
        self._cheapest: List[int] = []
        for slot, group in enumerate(groups):
            self._add(group, slot, group.below)

    def join_cheapest(self) -> None:
        while True:
            pair, second = divmod(heapq.heappop(self._cheapest), self._base)
            first = pair % self._base
            if first in self.left and second in self.left:
                break
            if second in self.left:
                self._offer(second)
        one, other = self.left.pop(first), self.left.pop(second)
        _, slot, _, _ = self._facts.pop(first)
        del self._facts[second]
        self._add(one.joined(other), slot, other.below & ~one.below)

    def _add(self, group: _Group, slot: int, added: int) -> None:
        """The next number for `group`; `added` is what its slot does not have yet."""
        number = len(self._rows)
        common = self._overlaps.with_each(group.below)
        # What it costs is that each now changes with what is below the other alone, too.
        count, size, base = group.count, group.size, self._base
        row = [
            ((its_count - common[its_slot]) * size + (count - common[its_slot]) * its_size) * base
            + lower
            for lower, its_slot, its_count, its_size in self._facts.values()
        ]
        heapq.heapify(row)
        self._rows.append(row)
        self._overlaps.put(slot, added)
        self.left[number] = group
        self._facts[number] = (number, slot, count, size)
        self._offer(number)

    def _offer(self, number: int) -> None:
        """The row's cheapest pair with a group that is left."""
        row = self._rows[number]
        while row and row[0] % self._base not in self.left:
            heapq.heappop(row)
        if row:
            heapq.heappush(self._cheapest, row[0] * self._base + number)


def _by_name(path: StorePath) -> Tuple[str, str]:
    return path.name, path.hash


def _count(bits: int) -> int:
    return bin(bits).count("1")


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
