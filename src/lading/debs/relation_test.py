from typing import Tuple

import pytest
from debian.deb822 import PkgRelation
from hypothesis import given
from hypothesis import strategies as st

from lading.debs.relation import Relation, parse_relations
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "text, expected",
    [
        ("libc6 (>= 2.36)", ((Relation("libc6", ">=", "2.36"),),)),
        ("a | b (<< 1:2~), c", ((Relation("a"), Relation("b", "<<", "1:2~")), (Relation("c"),))),
        ("python3:any (>= 3.9~)", ((Relation("python3", ">=", "3.9~", "any"),),)),
        ("a,\n b ,", ((Relation("a"),), (Relation("b"),))),
        ("", ()),
    ],
)
def test_parses_relations(text: str, expected: Tuple[Tuple[Relation, ...], ...]) -> None:
    assert parse_relations("x", text) == expected


@pytest.mark.parametrize("text", ["a(=1.0)", "a (=1.0)", "a(= 1.0)", "a  ( =  1.0 )"])
def test_rules_distroless_229_version_without_space(text: str) -> None:
    assert parse_relations("x", text) == ((Relation("a", "=", "1.0"),),)


@pytest.mark.parametrize("text", ["a b", "a (1.0)", "a (== 1.0)", "a (>= )", "?", "a (= 1 2)"])
def test_refuses_malformed_relations(text: str) -> None:
    with pytest.raises(LadingError) as caught:
        parse_relations("x", f"good, {text}")
    assert str(caught.value) == (
        f"The Debian package 'x' has the malformed relation {text!r}. Report it to the archive's "
        "maintainers."
    )


@pytest.mark.parametrize("text", ["a", "a:any", "a (>= 1.0)", "a:amd64 (<< 2)"])
def test_relations_read_as_they_are_written(text: str) -> None:
    assert str(parse_relations("x", text)[0][0]) == text


relations = st.builds(
    lambda name, qualifier, constraint: f"{name}{qualifier}{constraint}",
    st.sampled_from(["libc6", "g++", "python3.11", "0ad"]),
    st.sampled_from(["", ":any", ":amd64"]),
    st.sampled_from(["", " (>= 1:2.0-1~)", " (=1)", "(<<  3)"]),
)


@given(st.lists(st.lists(relations, min_size=1, max_size=3).map(" | ".join), max_size=4))
def test_reads_what_python_debian_reads(groups: "list[str]") -> None:
    text = ", ".join(groups)
    expected = [
        [(r["name"], *(r["version"] or ("", "")), r["archqual"] or "") for r in group]
        for group in PkgRelation.parse_relations(text)
        if text
    ]
    found = [
        [(r.name, r.operator, r.version, r.qualifier) for r in group]
        for group in parse_relations("x", text)
    ]
    assert found == expected


@pytest.mark.parametrize(
    "operator, allowed",
    [
        ("<<", ["1"]),
        ("<=", ["1", "2"]),
        ("<", ["1", "2"]),
        ("=", ["2"]),
        (">", ["2", "3"]),
        (">=", ["2", "3"]),
        (">>", ["3"]),
        ("", ["1", "2", "3"]),
    ],
)
def test_operators(operator: str, allowed: "list[str]") -> None:
    relation = Relation("a", operator, "2")
    assert [version for version in ("1", "2", "3") if relation.allows(version)] == allowed
