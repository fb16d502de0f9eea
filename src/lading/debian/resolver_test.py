import random
from typing import Dict, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.debian.archive_testing import packages_file, paragraph
from lading.debian.control import PackageIndex
from lading.debian.resolver import resolve
from lading.errors import LadingError


def locked(
    paragraphs: Sequence[str], *roots: str, suites: Sequence[Sequence[str]] = ()
) -> "Dict[str, str]":
    """Name -> version of what the roots bring."""
    files = [packages_file(*suite) for suite in (paragraphs, *suites)]
    return {p.name: p.version for p in resolve(PackageIndex(files), "amd64", roots)}


def error(paragraphs: Sequence[str], *roots: str) -> str:
    with pytest.raises(LadingError) as caught:
        locked(paragraphs, *roots)
    return str(caught.value)


def test_follows_pre_depends_and_depends_and_nothing_else() -> None:
    packages = [
        paragraph("bash", Pre_Depends="libc6", Depends="base-files", Recommends="docs"),
        *map(paragraph, ("libc6", "base-files", "docs")),
    ]
    assert set(locked(packages, "bash")) == {"bash", "libc6", "base-files"}


def test_names_the_dependencies_of_each_package() -> None:
    packages = [
        paragraph("a", Depends="b, c | d, b"),
        paragraph("b", Depends="a"),
        paragraph("c"),
        paragraph("d"),
    ]
    found = resolve(PackageIndex([packages_file(*packages)]), "amd64", ["a"])
    assert {p.name: p.dependencies for p in found} == {"a": ("b", "c"), "b": ("a",), "c": ()}


@pytest.mark.parametrize(
    "case", ["rules_distroless_212", "rules_distroless_265", "rules_distroless_274", "apko_1861"]
)
def test_real_package_before_another_that_provides_its_name(case: str) -> None:
    packages = [
        paragraph("aa-other", Provides="libssl", Priority="required"),
        paragraph("libssl"),
        paragraph("curl", Depends="libssl"),
    ]
    assert set(locked(packages, "curl")) == {"curl", "libssl"}


def test_rules_distroless_251_two_roots_two_versions_give_one() -> None:
    packages = [
        paragraph("lib", "1.0"),
        paragraph("one", Depends="lib (= 1.0)"),
        paragraph("two", Depends="lib (>= 1.0)"),
    ]
    found = locked(packages, "one", "two", suites=[[paragraph("lib", "2.0")]])
    assert found == {"lib": "1.0", "one": "1.0", "two": "1.0"}


def test_rules_distroless_184_doubled_dependency_comes_once() -> None:
    packages = [paragraph("a", Depends="b, b (>= 0.5), c"), paragraph("b"), paragraph("c")]
    found = resolve(PackageIndex([packages_file(*packages)]), "amd64", ["a", "a", "b"])
    assert [package.name for package in found] == ["a", "b", "c"]


def test_rules_distroless_229_version_without_space() -> None:
    packages = [paragraph("a", Depends="b(=1.0)"), paragraph("b")]
    assert locked(packages, "a") == {"a": "1.0", "b": "1.0"}


def test_rules_distroless_235_architecture_all() -> None:
    packages = [paragraph("a", Depends="docs"), paragraph("docs", Architecture="all")]
    found = resolve(PackageIndex([packages_file(*packages)]), "amd64", ["a"])
    assert [package.architecture for package in found] == ["amd64", "all"]


def test_rules_distroless_272_newest_of_several_suites() -> None:
    release, updates, security = ([paragraph("a", v)] for v in ("1.0", "1.0+u1", "1.0+u2"))
    assert locked(release, "a", suites=[security, updates]) == {"a": "1.0+u2"}


def test_first_alternative_that_can_be_had() -> None:
    packages = [paragraph("a", Depends="gone | b (>= 2) | c | d"), *map(paragraph, "bcd")]
    assert set(locked(packages, "a")) == {"a", "c"}


def test_an_alternative_that_is_there_anyway_is_enough() -> None:
    packages = [paragraph("a", Depends="b | c"), *map(paragraph, "bc")]
    assert set(locked(packages, "a", "c")) == {"a", "c"}


def test_the_provider_that_is_there_anyway_is_enough() -> None:
    packages = [
        paragraph("base-files", Pre_Depends="awk"),
        paragraph("mawk", Provides="awk", Priority="required"),
        paragraph("gawk", Provides="awk"),
    ]
    assert set(locked(packages, "base-files")) == {"base-files", "mawk"}
    assert set(locked(packages, "base-files", "gawk")) == {"base-files", "gawk"}


def test_only_versioned_provides_meet_versioned_dependencies() -> None:
    packages = [
        paragraph("a", Depends="virtual (>= 2)"),
        paragraph("bb-unversioned", Provides="virtual"),
        paragraph("cc-old", Provides="virtual (= 1)"),
        paragraph("dd-new", Provides="virtual (= 3)"),
    ]
    assert set(locked(packages, "a")) == {"a", "dd-new"}


@pytest.mark.parametrize("qualifier", ["any", "native", "amd64"])
def test_multi_arch_qualifiers_of_one_architecture(qualifier: str) -> None:
    packages = [paragraph("a", Depends=f"b:{qualifier} (>= 1.0)"), paragraph("b")]
    assert set(locked(packages, "a")) == {"a", "b"}


def test_a_package_meets_its_own_dependency() -> None:
    packages = [paragraph("a", Depends="b", Provides="b"), paragraph("c", Provides="b")]
    assert set(locked(packages, "a")) == {"a"}


def test_an_older_version_of_who_asks_is_taken_if_that_helps() -> None:
    packages = [paragraph("a", "1.0", Depends="b"), paragraph("b"), paragraph("top", Depends="a")]
    newer = [paragraph("a", "2.0", Depends="b (>= 2)")]
    assert locked(packages, "top", suites=[newer]) == {"a": "1.0", "b": "1.0", "top": "1.0"}


def test_an_unmet_dependency_tells_who_wants_it() -> None:
    packages = [
        paragraph("top", Depends="mid"),
        paragraph("mid", "2.0", Depends="low (>= 3) | lower"),
        paragraph("low", "1.0"),
        paragraph("low", "2.0"),
    ]
    assert error(packages, "top") == (
        "No package meets `low (>= 3) | lower` for amd64, wanted by `mid` 2.0, wanted by `top` "
        "1.0. The suites have `low` 2.0, `low` 1.0. Add the suite or component that has it, or "
        "do without the root at the end of this chain."
    )


def test_a_dependency_that_nobody_has() -> None:
    packages = [paragraph("a", Depends="b:arm64"), paragraph("b")]
    assert "No package meets `b:arm64` for amd64, wanted by `a` 1.0." in error(packages, "a")
    assert "The suites have none of that name." in error([paragraph("a", Depends="x")], "a")


def test_two_packages_that_want_different_versions() -> None:
    packages = [
        paragraph("lib", "1.0"),
        paragraph("lib", "2.0"),
        paragraph("one", Depends="lib (= 1.0)"),
        paragraph("two", Depends="lib (= 2.0)"),
    ]
    assert "No package meets `lib (= " in error(packages, "one", "two")


@pytest.mark.parametrize("field", ["Conflicts", "Breaks"])
def test_conflicts_and_breaks_are_told_with_both_chains(field: str) -> None:
    packages = [
        paragraph("a", Depends="b"),
        paragraph("b", **{field: "virtual"}),
        paragraph("c", Depends="d"),
        paragraph("d", Provides="virtual"),
    ]
    assert error(packages, "a", "c") == (
        "Two packages cannot be in one lock: `b` 1.0, wanted by `a` 1.0, conflicts with "
        "`virtual`, which is `d` 1.0, wanted by `c` 1.0. Give one of the roots a `debian_lock` "
        "of its own."
    )


def test_conflicts_with_other_versions_and_with_itself_do_not_matter() -> None:
    packages = [
        paragraph("a", Breaks="b (<< 1.0)", Conflicts="virtual", Provides="virtual"),
        paragraph("b"),
    ]
    assert set(locked(packages, "a", "b")) == {"a", "b"}


def test_a_root_that_does_not_exist() -> None:
    sentence = error([paragraph("coreutils")], "coreutil")
    assert sentence == "No suite has a package 'coreutil' for amd64. Did you mean 'coreutils'?"
    assert error([paragraph("a")], "zsh").endswith("Correct its name, or add a suite.")


def test_a_virtual_root_names_those_that_provide_it() -> None:
    packages = [paragraph("gawk", Provides="awk"), paragraph("mawk", Provides="awk")]
    assert error(packages, "awk") == (
        "'awk' is a virtual package. Name one of those that provide it: 'gawk', 'mawk'."
    )


@given(st.randoms(use_true_random=False))
def test_the_order_of_index_and_roots_does_not_matter(source: random.Random) -> None:
    packages = [
        paragraph("a", Depends="v"),
        paragraph("b", Depends="c | d"),
        paragraph("c", Depends="w (>= 2)"),
        paragraph("d", Provides="v, w (= 2)"),
        paragraph("e", Provides="v, w (= 3)"),
        paragraph("e", "2.0", Provides="v"),
    ]
    expected = locked(packages, "a", "b", "d")
    roots = ["a", "b", "d"]
    source.shuffle(packages)
    source.shuffle(roots)
    assert locked(packages, *roots) == expected
