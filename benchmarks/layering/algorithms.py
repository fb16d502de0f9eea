"""How others divide a closure into layers, and how Lading does.

Each takes the world, an image's name and how many layers there may be, and gives groups of names.
"""

from collections import defaultdict
from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, Sequence, Set

from world import Package, World

from lading.image.layers.layering import plan_layers
from lading.store.package import StorePackage
from lading.values.path import StorePath

Groups = List[FrozenSet[str]]
Algorithm = Callable[[World, str, int], Groups]


def single(world: World, image: str, count: int) -> Groups:
    """dockerTools.buildImage: everything in one layer."""
    return [world.closures[image]]


def popularity(world: World, image: str, count: int) -> Groups:
    """nixpkgs PR #47411, nix2container: those that most paths lead to have layers of their own."""
    closure = world.closures[image]
    paths: Dict[str, int] = defaultdict(int)
    for name in _dependents_first(world, closure):
        paths[name] = max(paths[name], 1)
        for reference in world.packages[name].references:
            paths[reference] += paths[name]
    return _own_layers(closure, sorted(closure, key=lambda name: (-paths[name], name)), count)


def largest(world: World, image: str, count: int) -> Groups:
    """The largest have layers of their own."""
    closure = world.closures[image]
    ordered = sorted(closure, key=lambda name: (-world.packages[name].size, name))
    return _own_layers(closure, ordered, count)


def apko(world: World, image: str, count: int) -> Groups:
    """apko, docs/layering.md: packages of one source together, the largest groups in layers."""
    closure = world.closures[image]
    by_source: Dict[str, Set[str]] = defaultdict(set)
    for name in closure:
        by_source[world.packages[name].source].add(name)
    groups = sorted(by_source.values(), key=lambda group: (-world.size(group), min(group)))
    return _with_rest(closure, groups, count)


def auto_layer(world: World, image: str, count: int) -> Groups:
    """nixpkgs PR #355189: the largest packages, one after the other, become roots; packages that
    the same roots need are together, while the layers suffice."""
    closure = world.closures[image]
    needed_by: Dict[str, FrozenSet[str]] = {name: frozenset() for name in closure}
    found: Groups = [closure]
    for root in sorted(closure, key=lambda name: (-world.packages[name].size, name)):
        below = world.closure(root)
        needed_by = {
            name: roots | {root} if name in below else roots for name, roots in needed_by.items()
        }
        groups: Dict[FrozenSet[str], Set[str]] = defaultdict(set)
        for name, roots in needed_by.items():
            groups[roots].add(name)
        if len(groups) > count:
            break
        found = [frozenset(group) for group in groups.values()]
    return found


def nixery(world: World, image: str, count: int) -> Groups:
    """Nixery, builder/layers.go: what only one package leads to is with it; such groups that are
    large and in many images have layers."""
    closure = world.closures[image]
    images: Dict[str, int] = defaultdict(int)
    for other in world.closures.values():
        for name in other:
            images[name] += 1
    dominated = _dominated(world, closure)
    ordered = sorted(
        dominated.items(), key=lambda item: (-images[item[0]] * world.size(item[1]), item[0])
    )
    return _with_rest(closure, [group for _, group in ordered], count)


def lading(world: World, image: str, count: int) -> Groups:
    """`plan_layers`: together what costs least together. It is given compressed sizes, as the data
    has no others; in Lading itself it has the sizes of the tar segments."""
    groups = plan_layers([_store_package(world, name) for name in world.closures[image]], count)
    return [frozenset(path.name for path in group) for group in groups]


def _store_package(world: World, name: str) -> StorePackage:
    package = world.packages[name]
    references = tuple(_path(world.packages[other]) for other in sorted(package.references))
    return StorePackage(_path(package), references, ("",) * len(references), "", package.size, 0)


def _path(package: Package) -> StorePath:
    return StorePath(f"{package.version:032}", package.name)


def _own_layers(closure: FrozenSet[str], ordered: Sequence[str], count: int) -> Groups:
    return _with_rest(closure, [{name} for name in ordered], count)


def _with_rest(closure: FrozenSet[str], groups: Sequence[Iterable[str]], count: int) -> Groups:
    """The first groups, and all else together."""
    if len(groups) <= count:
        first = [frozenset(group) for group in groups]
    else:
        first = [frozenset(group) for group in groups[: count - 1]]
    rest = closure.difference(*first)
    return [*first, rest] if rest else first


def _dependents_first(world: World, closure: FrozenSet[str]) -> List[str]:
    done: List[str] = []
    seen: Set[str] = set()

    def visit(name: str) -> None:
        if name not in seen:
            seen.add(name)
            for reference in sorted(world.packages[name].references):
                visit(reference)
            done.append(name)

    for name in sorted(closure):
        visit(name)
    return done[::-1]


def _dominated(world: World, closure: FrozenSet[str]) -> Mapping[str, Set[str]]:
    """The packages below the image's own program, each with what is reached through it only.

    Dominators as Cooper, Harvey and Kennedy find them, which in a graph without cycles takes one
    pass.
    """
    order = _dependents_first(world, closure)
    position = {name: number for number, name in enumerate(order)}
    dominators: Dict[str, str] = {order[0]: order[0]}
    for name in order[1:]:
        referrers = [other for other in order if name in world.packages[other].references]
        found = referrers[0]
        for other in referrers[1:]:
            while found != other:
                if position[found] > position[other]:
                    found = dominators[found]
                else:
                    other = dominators[other]
        dominators[name] = found
    # The entrypoint dominates everything, and the program all else, so they are by themselves.
    above = set(order[:2])
    groups: Dict[str, Set[str]] = {name: {name} for name in above}
    for name in order[2:]:
        head = name
        while dominators[head] not in above:
            head = dominators[head]
        groups.setdefault(head, set()).add(name)
    return groups


ALGORITHMS: Mapping[str, Algorithm] = {
    "single": single,
    "popularity": popularity,
    "auto-layer": auto_layer,
    "apko": apko,
    "Nixery": nixery,
    "largest": largest,
    "Lading": lading,
}
