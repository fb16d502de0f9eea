from random import Random
from typing import Dict, List, Sequence, Set, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.image.config.layer import MAX_LAYERS
from lading.image.layers.layering import Overlaps, plan_layers, room_for_packages
from lading.store.package import StorePackage
from lading.values.nix32 import ALPHABET
from lading.values.path import StorePath


def package(name: str, size: int, *references: StorePackage, version: int = 0) -> StorePackage:
    number = sum(map(ord, name)) + version
    return StorePackage(
        path=StorePath(ALPHABET[number % 32] * 32, name),
        references=tuple(reference.path for reference in references),
        reasons=("x",) * len(references),
        segment_sha256="0" * 64,
        segment_size=size,
        unpacked_size=size,
    )


def names(layers: Sequence[Sequence[StorePath]]) -> List[Set[str]]:
    return [{path.name for path in layer} for layer in layers]


GLIBC = package("glibc", 5_000_000)
OPENSSL = package("openssl", 4_000_000, GLIBC)
PYTHON = package("python", 20_000_000, GLIBC, OPENSSL)
DATA = package("tzdata", 400_000)
NSS = package("nss", 300_000, GLIBC)
APP = package("app", 2_000_000, PYTHON, DATA)
SCRIPT = package("script", 1_000, APP)
CLOSURE = (GLIBC, OPENSSL, PYTHON, DATA, NSS, APP, SCRIPT)


def test_a_layer_for_each_package_while_they_fit_with_the_stable_ones_first() -> None:
    assert names(plan_layers(CLOSURE, 7)) == [
        {"glibc"},
        {"tzdata"},
        {"nss"},
        {"openssl"},
        {"python"},
        {"app"},
        {"script"},
    ]


def test_small_ones_and_what_changes_together_share_layers() -> None:
    assert names(plan_layers(CLOSURE, 5)) == [
        {"glibc"},
        {"openssl"},
        {"nss", "tzdata"},
        {"python"},
        {"app", "script"},
    ]


def test_one_layer_holds_all() -> None:
    (layer,) = plan_layers(CLOSURE, 1)
    assert layer == tuple(sorted(package.path for package in CLOSURE))


def test_nothing_has_no_layer() -> None:
    assert plan_layers((), 3) == ()


def test_references_to_packages_of_a_base_do_not_count() -> None:
    assert names(plan_layers((APP, SCRIPT), 2)) == [{"app"}, {"script"}]


def test_nixpkgs_48462_a_change_of_the_application_leaves_other_layers_alone() -> None:
    """n2c#31"""
    changed = package("app", 2_100_000, PYTHON, DATA, version=1)
    script = package("script", 1_000, changed, version=1)
    before = plan_layers(CLOSURE, 5)
    after = plan_layers((GLIBC, OPENSSL, PYTHON, DATA, NSS, changed, script), 5)
    assert names(before) == names(after)
    assert before[:4] == after[:4]


def test_n2c_27_a_closure_of_542_packages_fits() -> None:
    packages = [package(f"p{number}", 1000 + number) for number in range(542)]
    layers = plan_layers(packages, room_for_packages(MAX_LAYERS, other_layers=1))
    assert len(layers) == MAX_LAYERS - 1
    assert sum(map(len, layers)) == 542


@pytest.mark.parametrize(
    ("max_layers", "other_layers", "room"),
    [
        (40, 1, 39),
        (40, 40, 0),
        (40, 60, 0),
        (1, 1, 0),
        (1000, 5, MAX_LAYERS - 5),
    ],
)
def test_room_for_packages(max_layers: int, other_layers: int, room: int) -> None:
    assert room_for_packages(max_layers, other_layers) == room


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(1, MAX_LAYERS), st.integers(1, 150))
def test_whatever_the_base_has_packages_stay_within_the_limit(
    other_layers: int, max_layers: int, count: int
) -> None:
    room = room_for_packages(max_layers, other_layers)
    packages = [package(f"p{number}", 1000) for number in range(count)]
    layers = len(plan_layers(packages, room)) if room else 0
    assert layers + other_layers <= max(max_layers, other_layers)


@st.composite
def closures(draw: st.DrawFn) -> Tuple[StorePackage, ...]:
    found: Dict[int, StorePackage] = {}
    for number in range(draw(st.integers(0, 14))):
        below = draw(st.sets(st.sampled_from(sorted(found)), max_size=3)) if found else set()
        size = draw(st.sampled_from([512, 1024, 10_000, 5_000_000]))
        found[number] = package(f"p{number}", size, *(found[other] for other in sorted(below)))
    return tuple(found.values())


@settings(deadline=None)
@given(closures(), st.integers(1, 16), st.randoms())
def test_every_package_is_in_one_layer_whatever_the_order(
    closure: Tuple[StorePackage, ...], max_layers: int, random: Random
) -> None:
    layers = plan_layers(closure, max_layers)
    assert len(layers) == min(max_layers, len(closure))
    assert sorted(path for layer in layers for path in layer) == sorted(
        package.path for package in closure
    )
    shuffled = list(closure)
    random.shuffle(shuffled)
    assert plan_layers(shuffled, max_layers) == layers


def plainly_planned(
    packages: Sequence[StorePackage], max_layers: int
) -> Tuple[Tuple[StorePath, ...], ...]:
    """A literal implementation of the description of `plan_layers`."""
    references = {package.path: package.references for package in packages}
    sizes = {package.path: package.segment_size for package in packages}

    def below(group: Set[StorePath]) -> Set[StorePath]:
        found, rest = set(), list(group & set(references))
        while rest:
            path = rest.pop()
            found.add(path)
            rest += [path for path in references[path] if path in references and path not in found]
        return found

    def cost(group: Set[StorePath]) -> int:
        return len(below(group)) * sum(sizes[path] for path in group)

    groups = {
        number: {path}
        for number, path in enumerate(sorted(references, key=lambda path: (path.name, path.hash)))
    }
    for number in range(len(groups), 2 * len(groups) - max_layers):
        _, one, other = min(
            (
                cost(groups[one] | groups[other]) - cost(groups[one]) - cost(groups[other]),
                one,
                other,
            )
            for other in groups
            for one in groups
            if one < other
        )
        groups[number] = groups.pop(one) | groups.pop(other)
    ordered = sorted(
        groups.values(),
        key=lambda group: (len(below(group)), min((path.name, path.hash) for path in group)),
    )
    return tuple(tuple(sorted(group)) for group in ordered)


@settings(deadline=None)
@given(closures(), st.integers(1, 16))
def test_those_that_cost_least_together_are_put_together(
    closure: Tuple[StorePackage, ...], max_layers: int
) -> None:
    assert plan_layers(closure, max_layers) == plainly_planned(closure, max_layers)


def bits(members: Set[int]) -> int:
    return sum(1 << member for member in members)


@settings(deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 30)), max_size=8),
    st.sets(st.integers(0, 30)),
)
def test_all_that_sets_have_in_common_with_one(sets: List[Set[int]], one: Set[int]) -> None:
    overlaps = Overlaps(31, len(sets))
    for slot, members in enumerate(sets):
        overlaps.put(slot, bits(members))
    assert overlaps.with_each(bits(one)) == tuple(len(members & one) for members in sets)


def test_what_comes_later_counts_and_what_is_not_there_yet_does_not() -> None:
    overlaps = Overlaps(4, 2)
    overlaps.put(0, 0b0011)
    overlaps.put(0, 0b0100)
    assert overlaps.with_each(0b1110) == (2, 0)


@pytest.mark.parametrize("members", [(1 << 16) - 1, 1 << 16])
def test_counts_stay_apart_however_many_members(members: int) -> None:
    overlaps = Overlaps(members, 3)
    everything = (1 << members) - 1
    overlaps.put(1, everything)
    assert overlaps.with_each(everything) == (0, members, 0)
