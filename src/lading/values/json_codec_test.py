import json
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.values.digest import Sha256
from lading.values.json_codec import DocumentError, from_json, read_json, to_json
from lading.values.path import StorePath


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Leaf:
    path: StorePath
    digest: Sha256
    size: int = 0
    data: bytes = b""


@dataclass(frozen=True)
class Tree:
    name: str
    colour: Colour
    place: Path
    ratio: float
    leaves: Tuple[Leaf, ...]
    pair: Tuple[str, int]
    by_name: Mapping[str, Leaf]
    tags: FrozenSet[str]
    best: Optional[Leaf] = None
    either: Union[bool, str, Tuple[str, ...]] = ""
    options: Dict[str, Any] = field(default_factory=dict)


LEAF = Leaf(StorePath("a" * 32, "redis"), Sha256("0" * 64), 7)
TREE = Tree("t", Colour.RED, Path("x"), 0.5, (LEAF,), ("a", 1), {"b": LEAF}, frozenset("ba"))

texts = st.text(st.characters(), max_size=3)  # with surrogates, as in names that are not UTF-8
leaves = st.builds(
    Leaf,
    st.sampled_from([LEAF.path, StorePath("b" * 32, "x")]),
    st.binary(max_size=3).map(Sha256.of),
    st.integers(),
    st.binary(max_size=3),
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """The best leaf is one of the leaves, or none; so are the named ones."""
    drawn = tuple(draw(st.lists(leaves, max_size=3)))
    some = st.sampled_from(drawn) if drawn else st.nothing()
    return Tree(
        draw(texts),
        draw(st.sampled_from(Colour)),
        Path(draw(st.sampled_from(["a", "a/b", "."]))),
        draw(st.floats(allow_nan=False)),
        drawn,
        (draw(texts), draw(st.integers())),
        draw(st.dictionaries(texts, some, max_size=3)),
        draw(st.frozensets(texts, max_size=3)),
        draw(st.none() | some),
        draw(st.booleans() | texts | st.lists(texts, max_size=3).map(tuple)),
        draw(st.dictionaries(texts, st.integers() | texts, max_size=3)),
    )


@given(trees())
def test_what_is_written_is_read_as_the_same_value(tree: Tree) -> None:
    text = to_json(tree)
    assert from_json(Tree, text) == tree
    assert to_json(from_json(Tree, text)) == text
    assert text.isascii()


def test_the_text_is_written_out() -> None:
    leaf = {"digest": f"sha256:{'0' * 64}", "path": f"/store/{'a' * 32}-redis", "size": 7}
    expected = {
        "by_name": {"b": leaf},
        "colour": "red",
        "leaves": [leaf],
        "name": "t",
        "pair": ["a", 1],
        "place": "x",
        "ratio": 0.5,
        "tags": ["a", "b"],
    }
    assert to_json(TREE) == json.dumps(expected) + "\n"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"nmae": "t"}, "it has an unknown key 'nmae'"),
        ({"name": ...}, "it is missing the required key 'name'"),
        ({"name": 5}, "`name` must be a string, not 5"),
        ({"name": None}, "`name` must be a string, not None"),
        ({"ratio": 1}, "`ratio` must be a number, not 1"),
        ({"colour": "green"}, "`colour` is wrong: 'green' is not a valid Colour"),
        ({"colour": []}, "`colour` is wrong: [] is not a valid Colour"),
        ({"leaves": {}}, "`leaves` must be a list, not {}"),
        ({"leaves": [5]}, "`leaves[0]` must be an object, not 5"),
        ({"by_name": {"b": {}}}, "`by_name.b` is missing the required key 'digest'"),
        ({"pair": ["a"]}, "`pair` must have 2 items, not 1"),
        ({"pair": ["a", True]}, "`pair[1]` must be an integer, not True"),
        ({"tags": [1]}, "`tags[0]` must be a string, not 1"),
        ({"best": {"path": "x"}}, "`best` is missing the required key 'digest'"),
        ({"either": ["a", 1]}, "`either[1]` must be a string, not 1"),
        ({"options": []}, "`options` must be an object, not []"),
    ],
)
def test_what_could_not_be_written_is_an_error_that_names_the_place(
    changed: Dict[str, Any], expected: str
) -> None:
    fields = {**json.loads(to_json(TREE)), **changed}
    text = json.dumps({name: value for name, value in fields.items() if value is not ...})
    with pytest.raises(DocumentError) as error:
        from_json(Tree, text)
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("path", "/usr", "`[0].path` is wrong: '/usr' is not a store path"),
        ("digest", "abc", "`[0].digest` is wrong: 'abc' is not a SHA-256"),
        ("data", "?", "`[0].data` is wrong: "),
    ],
)
def test_a_text_that_is_not_of_its_class_is_an_error(key: str, value: str, expected: str) -> None:
    fields = {**json.loads(to_json(LEAF)), key: value}
    with pytest.raises(DocumentError) as error:
        from_json(Tuple[Leaf, ...], json.dumps([fields]))  # type: ignore[arg-type]
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\udc80"])
def test_what_is_not_json_is_an_error(text: str) -> None:
    with pytest.raises(DocumentError, match="it is not JSON"):
        from_json(Tree, text)


def test_an_error_of_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text('{"path": 5}')
    with pytest.raises(
        DocumentError, match="request.json: it is missing the required key 'digest'"
    ):
        read_json(Leaf, path)


def test_what_has_no_form_is_an_error_of_the_programmer() -> None:
    with pytest.raises(TypeError, match="has no form in JSON"):
        to_json({"a": object()})
