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
from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

from lading.image.layer import MAX_LAYERS
from lading.store.graph import build_order
from lading.store.package import StorePackage
from lading.store.path import StorePath

PER_PACKAGE, SINGLE = "per-package", "single"

#: What `layering` of an image may be.
LAYERINGS = (PER_PACKAGE, SINGLE)


@dataclass(frozen=True)
class _Group:
    """`below` has a bit for each package at or below the group, `size` is in bytes."""

    paths: Tuple[StorePath, ...]
    below: int
    size: int

    @property
    def cost(self) -> int:
        return _count(self.below) * self.size

    def joined(self, other: "_Group") -> "_Group":
        return _Group(self.paths + other.paths, self.below | other.below, self.size + other.size)

    def cost_of_joining(self, other: "_Group") -> int:
        joined = _count(self.below | other.below) * (self.size + other.size)
        return joined - self.cost - other.cost


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
    groups.sort(key=lambda group: (_count(group.below), min(map(_by_name, group.paths))))
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
        _Group((package.path,), below[str(package.path)], package.segment_size)
        for package in ordered
    ]


def _merged(groups: Sequence[_Group], max_layers: int) -> List[_Group]:
    """At most `max_layers` groups; two at a time are put together, those that cost least first."""
    left = dict(enumerate(groups))
    if len(left) <= max_layers:
        return list(groups)
    # Of equal costs, the groups with lower numbers: by name.
    costs = [
        (group.cost_of_joining(left[other]), other, number)
        for number, group in left.items()
        for other in range(number)
    ]
    heapq.heapify(costs)
    next_number = len(groups)
    while len(left) > max_layers:
        _, one, other = heapq.heappop(costs)
        if one in left and other in left:
            joined = left.pop(one).joined(left.pop(other))
            for rest, group in left.items():
                heapq.heappush(costs, (joined.cost_of_joining(group), rest, next_number))
            left[next_number] = joined
            next_number += 1
    return list(left.values())


def _by_name(path: StorePath) -> Tuple[str, str]:
    return path.name, path.hash


def _count(bits: int) -> int:
    return bin(bits).count("1")
