import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.store.graph import build_order
from lading.values.errors import LadingError


def test_dependencies_come_first() -> None:
    assert build_order({"a": ["c", "b"], "b": ["c"], "c": []}) == ("c", "b", "a")


@given(st.dictionaries(st.integers(0, 30), st.sets(st.integers(0, 30))))
def test_any_graph_without_a_cycle_has_an_order(edges: "dict[int, set[int]]") -> None:
    # Edges to smaller numbers only: no cycle is possible.
    graph = {
        f"{node:02}": [f"{target:02}" for target in targets if target < node]
        for node, targets in edges.items()
    }
    for targets in list(graph.values()):
        for target in targets:
            graph.setdefault(target, [])
    order = build_order(graph)
    assert sorted(order) == sorted(graph)
    position = {name: index for index, name in enumerate(order)}
    for name, targets in graph.items():
        assert all(position[target] < position[name] for target in targets)


def test_a_cycle_is_named_whole() -> None:
    with pytest.raises(LadingError, match="form a cycle: b -> c -> d -> b. A package"):
        build_order({"a": ["b"], "b": ["c"], "c": ["d"], "d": ["b"]})


def test_a_package_that_needs_itself_is_a_cycle() -> None:
    with pytest.raises(LadingError, match="a -> a"):
        build_order({"a": ["a"]})


def test_long_chains_need_no_stack() -> None:
    graph = {f"{n:05}": [f"{n + 1:05}"] for n in range(5000)}
    graph["05000"] = []
    assert build_order(graph)[0] == "05000"
