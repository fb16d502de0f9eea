from typing import Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.debian.archive_testing import packages_file, paragraph
from lading.debian.control import PackageIndex, Relation, compare_versions, parse_relations
from lading.errors import LadingError


def index(*paragraphs: str) -> PackageIndex:
    return PackageIndex([packages_file(*paragraphs)])


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


@pytest.mark.parametrize("text", ["a b", "a (1.0)", "a (== 1.0)", "a (>= )", "?"])
def test_refuses_malformed_relations(text: str) -> None:
    with pytest.raises(LadingError, match="has the malformed relation .* for the package 'x'"):
        parse_relations("x", text)


@pytest.mark.parametrize("text", ["a", "a:any", "a (>= 1.0)", "a:amd64 (<< 2)"])
def test_relations_read_as_they_are_written(text: str) -> None:
    assert str(parse_relations("x", text)[0][0]) == text


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


@pytest.mark.parametrize(
    "smaller, bigger",
    [
        ("1.0~rc1", "1.0"),
        ("1.9", "1.10"),
        ("1.0-1", "1.0-1+b1"),
        ("1.0-1+deb12u9", "1.0-1+deb12u10"),
        ("9", "1:0"),
        ("1.0", "1.0a"),
    ],
)
def test_versions_compare_as_dpkg_does(smaller: str, bigger: str) -> None:
    assert compare_versions(smaller, bigger) < 0 < compare_versions(bigger, smaller)


versions = st.from_regex(r"([0-9]:)?[0-9][0-9a-z.+~]{0,4}(-[0-9a-z+~]{1,3})?", fullmatch=True)


@given(versions, versions)
def test_comparison_is_antisymmetric(one: str, other: str) -> None:
    assert compare_versions(one, other) == -compare_versions(other, one)


def test_reads_a_package() -> None:
    (package,) = index(
        paragraph(
            "bash",
            "5.2-1",
            Pre_Depends="libc6",
            Depends="base-files",
            Provides="sh (= 5)",
            Conflicts="a",
            Breaks="b",
            Priority="required",
        )
    ).named("bash")
    assert (package.version, package.size, package.priority) == ("5.2-1", 1000, "required")
    assert package.depends == ((Relation("libc6"),), (Relation("base-files"),))
    assert package.provides == (Relation("sh", "=", "5"),)
    assert package.conflicts == (Relation("a"), Relation("b"))


def test_rules_distroless_272_same_package_in_two_suites() -> None:
    both = PackageIndex(
        [
            packages_file(paragraph("a", "1.9"), paragraph("b")),
            packages_file(paragraph("a", "1.10"), paragraph("b")),
        ]
    )
    assert [package.version for package in both.named("a")] == ["1.10", "1.9"]
    assert [package.version for package in both.named("b")] == ["1.0"]


def test_providers_come_by_priority_then_name() -> None:
    found = index(
        paragraph("gawk", Provides="awk"),
        paragraph("busybox", Provides="sh, awk"),
        paragraph("mawk", Provides="awk", Priority="required"),
        paragraph("awkward", Provides="awkwardness"),
    ).providers("awk")
    assert [package.name for package in found] == ["mawk", "busybox", "gawk"]


@pytest.mark.parametrize("key", ["Version", "Architecture", "Filename", "SHA256", "Size"])
def test_refuses_packages_without(key: str) -> None:
    lines = paragraph("a").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(f"{key}:"))
    with pytest.raises(LadingError, match=f"has no `{key}` for the package 'a'. Report it"):
        index(text).named("a")
