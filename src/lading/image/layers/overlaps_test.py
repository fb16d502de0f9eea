from typing import List, Set

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.image.layers.overlaps import Overlaps


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
