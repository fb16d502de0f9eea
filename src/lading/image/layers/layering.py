"""How the store packages of an image are divided into layers.

A layer must be pushed and pulled again if any package in it changes. With more packages than
layers, the question is which packages share one. The answer minimizes the bytes that a change is
expected to cost. Each package of the closure is assumed to be equally likely to change. In a store,
everything that refers to a changed package changes with it, so the probability that a group of
packages changes is proportional to the number of packages in it and below it. At first each package
has its own layer; then the two groups that are cheapest to merge are merged, until there are few
enough. This puts small packages together, and packages that change at the same time.

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

#: The values that an image's `layering` may have.
LAYERINGS = (PER_PACKAGE, SINGLE)


@dataclass(frozen=True)
class _Group:
    """`below` has a bit for each package in the group or below it; `count` is the number of these
    bits. `size` is in bytes."""

    paths: Tuple[StorePath, ...]
    below: int
    count: int
    size: int

    def joined(self, other: "_Group") -> "_Group":
        below = self.below | other.below
        return _Group(self.paths + other.paths, below, _count(below), self.size + other.size)


def room_for_packages(max_layers: int, other_layers: int) -> int:
    """How many layers of packages an image may have beside its `other_layers`, which include a
    base's.

    `max_layers` is the limit for the whole image. 0 means that packages must share a layer with
    something else.
    """
    return max(0, min(max_layers, MAX_LAYERS) - other_layers)


def plan_layers(
    packages: Sequence[StorePackage], max_layers: int
) -> Tuple[Tuple[StorePath, ...], ...]:
    """Groups of the packages, each sorted: at most `max_layers` (1 or more).

    Groups that seldom change come first, because docker unpacks all layers above a new one again.
    References to packages outside of `packages` don't count. The result does not depend on the
    order of `packages`; hashes matter only between packages of the same name.
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
    """At most `max_layers` groups, made by merging the cheapest two at a time."""
    pairs = _Pairs(groups)
    while len(pairs.left) > max_layers:
        pairs.join_cheapest()
    return list(pairs.left.values())


class _Pairs:
    """The groups in `left` by number, and the cost of merging any two of them.

    A merged group gets the next number. If costs are equal, the groups with lower numbers come
    first, which means by name.

    A pair is a single int, since a thousand packages have half a million pairs: the cost, then the
    two numbers, as digits in base `_base`. They sort like tuples, in a fraction of the time.
    """

    def __init__(self, groups: Sequence[_Group]) -> None:
        self._base = 2 * len(groups)
        self.left: Dict[int, _Group] = {}
        # Number, slot, count and size of each group that is left. A merged group takes the slot of
        # the first of the two.
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
        """The next number for `group`; `added` are the members that its slot does not have yet."""
        number = len(self._rows)
        common = self._overlaps.with_each(group.below)
        # The cost of a merge: each group now also changes with the packages that are only below the
        # other one.
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
        """Push the row's cheapest pair with a group that is left."""
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
    """Sets of numbers below `members`, in slots counted from 0. A set is an int with one bit for
    each number.

    Each member has a long int with a field for every slot, which is 1 if the slot's set has the
    member. The sum of these ints over some members counts them in all slots at once.
    """

    def __init__(self, members: int, slots: int) -> None:
        self._fields = struct.Struct(f"<{slots}{'H' if members < 1 << 16 else 'I'}")
        self._bits = 8 * self._fields.size // max(slots, 1)
        self._by_member: List[int] = [0] * members

    def put(self, slot: int, added: int) -> None:
        """Add members to the set in `slot`, which starts empty and must not have any of them
        yet."""
        one = 1 << (self._bits * slot)
        for member in compress(range(len(self._by_member)), _has(added)):
            self._by_member[member] += one

    def with_each(self, members: int) -> Tuple[int, ...]:
        """For each slot, how many of `members` its set has."""
        row = sum(compress(self._by_member, _has(members)))
        return self._fields.unpack(row.to_bytes(self._fields.size, "little"))


def _has(members: int) -> Iterator[int]:
    """For each number from 0, whether it is in the set."""
    return map(int, bin(members)[:1:-1])
