import random
from typing import Any, Dict, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.debian.lock import closure as closure_module
from lading.debian.lock import version_search
from lading.debian.lock.archive_packages import ArchivePackages
from lading.debian.lock.archive_testing import packages_file, paragraph
from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.closure import UnmetError, candidates, closure
from lading.debian.lock.lock_request import AskedPackage
from lading.debian.lock.locked_packages import LockedPackages
from lading.debian.lock.package_index import IndexFile, PackageIndex
from lading.debian.lock.resolver import resolve
from lading.debs.package_list import PackageList
from lading.debs.relation import Relation
from lading.values.errors import LadingError


def resolved(
    paragraphs: Sequence[str], *roots: str, suites: Sequence[Sequence[str]] = (), **kwargs: Any
) -> Tuple[BinaryPackage, ...]:
    """What a list of the roots gets from a lock made for it; `!` leaves a package out."""
    asked_for = package_list(*roots)
    lock = resolved_lists([paragraphs, *suites], [asked_for], **kwargs)
    return closure(LockedPackages("amd64", lock, "x"), asked_for.roots, asked_for.left_out)


def package_list(*names: str) -> PackageList:
    left_out = frozenset(name[1:] for name in names if name.startswith("!"))
    return PackageList(tuple(name for name in names if not name.startswith("!")), left_out)


def resolved_lists(
    suites: Sequence[Sequence[str]],
    lists: Sequence[PackageList],
    locked: Sequence[BinaryPackage] = (),
    asked: Sequence[str] = (),
    priorities: Sequence[int] = (),
) -> Tuple[BinaryPackage, ...]:
    """The suites are called by their numbers."""
    by_name = {package.name: package for package in map(AskedPackage.parse, asked)}
    index = index_of(suites, priorities)
    packages = ArchivePackages("amd64", index, {p.name: p for p in locked}, by_name)
    return resolve(packages, lists)


def index_of(suites: Sequence[Sequence[str]], priorities: Sequence[int] = ()) -> PackageIndex:
    return PackageIndex(
        [
            IndexFile(packages_file(*suite), str(number), priorities[number] if priorities else 500)
            for number, suite in enumerate(suites)
        ]
    )


def locked(paragraphs: Sequence[str], *roots: str, **kwargs: Any) -> Dict[str, str]:
    """The same, as version by name."""
    return {package.name: package.version for package in resolved(paragraphs, *roots, **kwargs)}


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
    found = resolved(packages, "a", "a", "b")
    assert [package.name for package in found] == ["a", "b", "c"]


def test_rules_distroless_229_version_without_space() -> None:
    packages = [paragraph("a", Depends="b(=1.0)"), paragraph("b")]
    assert locked(packages, "a") == {"a": "1.0", "b": "1.0"}


def test_rules_distroless_235_architecture_all() -> None:
    packages = [paragraph("a", Depends="docs"), paragraph("docs", Architecture="all")]
    found = resolved(packages, "a")
    assert [package.architecture for package in found] == ["amd64", "all"]


def test_rules_distroless_272_newest_of_several_suites() -> None:
    release, updates, security = ([paragraph("a", v)] for v in ("1.0", "1.0+u1", "1.0+u2"))
    assert locked(release, "a", suites=[security, updates]) == {"a": "1.0+u2"}


def test_first_alternative_that_can_be_had() -> None:
    packages = [paragraph("a", Depends="gone | b (>= 2) | c | d"), *map(paragraph, "bcd")]
    assert set(locked(packages, "a")) == {"a", "c"}


@pytest.mark.parametrize("other", ["c", "c:amd64"])
def test_an_alternative_that_is_there_anyway_is_enough(other: str) -> None:
    packages = [paragraph("a", Depends=f"b | {other}"), *map(paragraph, "bc")]
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
    packages = [
        paragraph("a", Depends=f"b:{qualifier} (>= 1.0)"),
        paragraph("b", Multi_Arch="allowed"),
    ]
    assert set(locked(packages, "a")) == {"a", "b"}


def test_any_is_met_by_what_allows_it_only() -> None:
    packages = [paragraph("a", Depends="b:any"), paragraph("b", Multi_Arch="foreign")]
    assert "No package satisfies `b:any` for amd64" in error(packages, "a")


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
        "No package satisfies `low (>= 3) | lower` for amd64, wanted by `mid` 2.0, wanted by `top` "
        "1.0. The suites have `low` 2.0, `low` 1.0. Add the suite or component that has it, or "
        "do without the root at the end of this chain."
    )


def test_a_dependency_that_nobody_has() -> None:
    packages = [paragraph("a", Depends="b:arm64"), paragraph("b")]
    assert "No package satisfies `b:arm64` for amd64, wanted by `a` 1.0." in error(packages, "a")
    assert "The suites have none of that name." in error([paragraph("a", Depends="x")], "a")


def test_two_packages_that_want_different_versions() -> None:
    packages = [
        paragraph("lib", "1.0"),
        paragraph("lib", "2.0"),
        paragraph("one", Depends="lib (= 1.0)"),
        paragraph("two", Depends="lib (= 2.0)"),
    ]
    assert "No package satisfies `lib (= " in error(packages, "one", "two")


@pytest.mark.parametrize("field", ["Conflicts", "Breaks"])
@pytest.mark.parametrize("virtual", ["virtual", "virtual:amd64"])
def test_conflicts_and_breaks_are_told_with_both_chains(field: str, virtual: str) -> None:
    packages = [
        paragraph("a", Depends="b"),
        paragraph("b", **{field: virtual}),
        paragraph("c", Depends="d"),
        paragraph("d", Provides="virtual"),
    ]
    assert error(packages, "a", "c") == (
        "Two packages cannot be installed together: `b` 1.0, wanted by `a` 1.0, conflicts with "
        f"`{virtual}`, which is `d` 1.0, wanted by `c` 1.0. Remove one of them, or name another "
        "package that can replace it."
    )


def test_conflicts_with_other_versions_and_with_itself_do_not_matter() -> None:
    packages = [
        paragraph("a", Breaks="b (<< 1.0)", Conflicts="virtual", Provides="virtual"),
        paragraph("b"),
        paragraph("c", Breaks="b (<< 1.0)"),
    ]
    assert set(locked(packages, "a", "b", "c")) == {"a", "b", "c"}


def test_a_root_that_does_not_exist() -> None:
    sentence = error([paragraph("coreutils")], "coreutil")
    assert sentence == "No suite has a package 'coreutil' for amd64. Did you mean 'coreutils'?"
    assert error([paragraph("a")], "zsh").endswith("Correct its name, or add a suite.")


def test_a_virtual_root_names_those_that_provide_it() -> None:
    packages = [paragraph("gawk", Provides="awk"), paragraph("mawk", Provides="awk")]
    assert error(packages, "awk") == (
        "'awk' is a virtual package. Name one of those that provide it: 'gawk', 'mawk'."
    )


def test_another_alternative_is_taken_where_the_first_conflicts() -> None:
    packages = [
        paragraph("a", Depends="x | y"),
        paragraph("b", Conflicts="x"),
        paragraph("x"),
        paragraph("y"),
    ]
    assert set(locked(packages, "a", "b")) == {"a", "b", "y"}
    assert set(locked(packages, "a")) == {"a", "x"}


def test_another_alternative_is_taken_where_the_first_lacks_something() -> None:
    packages = [paragraph("a", Depends="x | y"), paragraph("x", Depends="gone"), paragraph("y")]
    assert set(locked(packages, "a")) == {"a", "y"}


def test_an_older_version_is_taken_where_the_newest_conflicts() -> None:
    packages = [paragraph("a", Depends="x"), paragraph("b", Conflicts="x (>= 2)"), paragraph("x")]
    found = locked(packages, "a", "b", suites=[[paragraph("x", "2")]])
    assert found == {"a": "1.0", "b": "1.0", "x": "1.0"}


def test_other_versions_are_searched_with_the_same_rules() -> None:
    """A package may conflict with what it provides and with what is left out; more than 100
    packages, the default of resolvelib, are no reason to give up."""
    packages = [
        paragraph("a", Depends="x, o, " + ", ".join(f"f{n}" for n in range(101))),
        paragraph("b", Conflicts="x:amd64 (>= 2), v, o", Provides="v"),
        *(paragraph(f"f{n}") for n in range(101)),
        *map(paragraph, "ox"),
    ]
    found = locked(packages, "a", "b", "!o", suites=[[paragraph("x", "2")]])
    assert found.keys() > {"a", "b", "f100"}
    assert found["x"] == "1.0"


def test_other_versions_are_searched_until_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = [paragraph("a"), paragraph("a", "2.0", Depends="gone")]
    monkeypatch.setattr(version_search, "_MOST_CONFLICTS", 1)
    assert locked(packages, "a") == {"a": "1.0"}
    monkeypatch.setattr(version_search, "_MOST_CONFLICTS", 0)
    assert "No package satisfies `gone`" in error(packages, "a")


def test_an_alternative_is_taken_back_when_what_it_needs_conflicts_much_later() -> None:
    packages = [
        paragraph("a", Depends="x1 | y, " + ", ".join(f"f{n} | g{n}" for n in range(30))),
        *(paragraph(f"x{n}", Depends=f"x{n + 1}") for n in range(1, 9)),
        paragraph("x9", Depends="z (>= 2)"),
        *(paragraph(f"{letter}{n}") for n in range(30) for letter in "fg"),
        paragraph("y"),
        paragraph("z"),
    ]
    assert {"a", "y", "f29"} < set(locked(packages, "a"))


def test_a_conflict_of_two_roots_is_found_without_trying_all_choices_between() -> None:
    choices = ", ".join(f"f{n} | g{n}" for n in range(60))
    packages = [
        paragraph("a", Depends=f"{choices}, z"),
        paragraph("b", Breaks="z"),
        *(paragraph(f"{letter}{n}") for n in range(60) for letter in "fg"),
        paragraph("z"),
    ]
    assert error(packages, "a", "b") == (
        "Two packages cannot be installed together: `b` 1.0, conflicts with `z`, which is `z` "
        "1.0, wanted by `a` 1.0. Remove one of them, or name another package that can replace it."
    )


def test_lists_may_have_what_conflicts() -> None:
    packages = [paragraph("exim", Conflicts="mta", Provides="mta")]
    packages.append(paragraph("postfix", Conflicts="mta", Provides="mta"))
    lists = [package_list("exim"), package_list("postfix")]
    assert [p.name for p in resolved_lists([packages], lists)] == ["exim", "postfix"]
    sentence = "`postfix` 1.0, conflicts with `mta`, which is `exim` 1.0"
    assert sentence in error(packages, "exim", "postfix")


def test_a_lock_has_what_a_list_gets_that_is_changed_later() -> None:
    packages = [
        paragraph("a", Depends="x | y, gone | z"),
        *map(paragraph, "yz"),
        paragraph("x", Depends="w"),
        paragraph("w"),
    ]
    lock = resolved_lists([packages], [package_list("a", "y")])
    assert [p.name for p in closure(LockedPackages("amd64", lock, "r"), ["a", "y"])] == list("ayz")
    assert [p.name for p in closure(LockedPackages("amd64", lock, "r"), ["a"])] == list("awxz")


def test_a_lock_has_the_first_alternative_that_can_be_installed() -> None:
    packages = [
        paragraph("a", Depends="x | y | w | z"),
        paragraph("x", Depends="gone"),
        *map(paragraph, "ywz"),
    ]
    lock = resolved_lists([packages], [package_list("a", "z")])
    assert [package.name for package in lock] == ["a", "y", "z"]


def test_lists_have_the_same_versions() -> None:
    packages = [paragraph("lib", "1.0"), paragraph("old", Depends="lib (= 1.0)"), paragraph("any")]
    newer = [paragraph("lib", "2.0"), paragraph("any", "2.0", Depends="lib")]
    lists = [package_list("any"), package_list("old")]
    found = {p.name: p.version for p in resolved_lists([packages, newer], lists)}
    assert found == {"any": "2.0", "lib": "1.0", "old": "1.0"}


def test_lists_that_are_searched_together_have_the_same_versions() -> None:
    packages = [paragraph(name, version) for name in "pq" for version in "123"]
    packages.append(paragraph("one", Depends="p (<< 3), q (<< 2)"))
    packages.append(paragraph("two", Depends="p (<< 2), q (<< 3)"))
    found = resolved_lists([packages], [package_list("one"), package_list("two")])
    assert [p.version for p in found if p.name in ("p", "q")] == ["1", "1"]


def test_lists_that_need_different_versions_are_an_error() -> None:
    packages = [
        paragraph("lib", "1.0"),
        paragraph("lib", "2.0"),
        paragraph("one", Depends="lib (= 1.0)"),
        paragraph("two", Depends="lib (= 2.0)"),
    ]
    with pytest.raises(LadingError, match="No package satisfies `lib "):
        resolved_lists([packages], [package_list("one"), package_list("two")])


def test_what_is_left_out_takes_along_what_only_it_needs() -> None:
    packages = [
        paragraph("a", Depends="b, c"),
        paragraph("b", Depends="d"),
        paragraph("c", Depends="e"),
        paragraph("d"),
        paragraph("e"),
    ]
    assert set(locked(packages, "a", "!b")) == {"a", "c", "e"}


def test_what_is_left_out_is_in_nobody_s_way() -> None:
    packages = [
        paragraph("a", Depends="b, c, d"),
        paragraph("b", Conflicts="c"),
        paragraph("c"),
        paragraph("d", Conflicts="b"),
    ]
    assert set(locked(packages, "a", "!b")) == {"a", "c", "d"}
    assert "cannot be installed together" in error(packages, "a")


def test_what_is_locked_stays_unless_it_does_not_fit() -> None:
    old = resolved([paragraph("lib"), paragraph("a", Depends="lib")], "a")
    now = [
        paragraph("lib", "2.0"),
        paragraph("a", "2.0", Depends="lib"),
        paragraph("b", Depends="lib (>= 2)"),
    ]
    assert locked(now, "a", locked=old) == {"a": "1.0", "lib": "1.0"}
    assert locked(now, "a", "b", locked=old) == {"a": "1.0", "b": "1.0", "lib": "2.0"}


def test_of_suites_the_one_with_the_highest_priority_is_taken() -> None:
    stable = [paragraph("aa"), paragraph("b", Depends="lib"), paragraph("lib")]
    backports = [
        paragraph("aa", "2.0"),
        paragraph("c", "2.0", Depends="lib (>= 2)"),
        paragraph("lib", "2.0"),
    ]
    kwargs: Dict[str, Any] = {"suites": [backports], "priorities": [500, 100]}
    assert locked(stable, "aa", "b", **kwargs) == {"aa": "1.0", "b": "1.0", "lib": "1.0"}
    assert locked(stable, "c", **kwargs) == {"c": "2.0", "lib": "2.0"}, "a relation needs it"
    assert locked(stable, "aa", asked=["aa/1"], **kwargs) == {"aa": "2.0"}
    assert locked(stable, "aa", asked=["aa=2.0"], **kwargs) == {"aa": "2.0"}
    with pytest.raises(LadingError) as caught:
        locked(stable, "aa", asked=["aa=3"], **kwargs)
    assert str(caught.value) == (
        "No suite has the package 'aa=3' for amd64: the versions of aa are 1.0, 2.0. Correct what "
        "`packages` of the lock says, or add a suite."
    )


def test_candidates_come_once_the_named_one_before_those_that_provide_it() -> None:
    suite = [paragraph("a", Provides="b"), paragraph("b"), paragraph("c", Provides="b")]
    packages = ArchivePackages("amd64", index_of([suite]))
    wanted = (Relation("gone"), Relation("b"), Relation("a"), Relation("b"))
    assert [package.name for package in candidates(packages, wanted)] == ["b", "a", "c"]


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


def test_choices_are_undone_until_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = [
        paragraph("a", Depends="x | y | z"),
        paragraph("x", Depends="gone"),
        paragraph("y", Depends="gone"),
        paragraph("z"),
    ]
    packages = ArchivePackages("amd64", index_of([suite]))
    monkeypatch.setattr(closure_module, "MOST_TAKEN_BACK", 2)
    assert [package.name for package in closure(packages, ["a"])] == ["a", "z"]
    monkeypatch.setattr(closure_module, "MOST_TAKEN_BACK", 1)
    with pytest.raises(UnmetError, match="after 1 others"):
        closure(packages, ["a"])


def test_a_search_that_would_take_years_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve packages that each want one of eleven places, and no place is for two."""
    monkeypatch.setattr(closure_module, "MOST_TAKEN_BACK", 1000)
    monkeypatch.setattr(version_search, "_MOST_CONFLICTS", 10)
    count = 12
    packages = [paragraph("root", Depends=", ".join(f"p{one}" for one in range(count)))]
    for one in range(count):
        places = [f"at{one}-{place}" for place in range(count - 1)]
        packages.append(paragraph(f"p{one}", Depends=" | ".join(places)))
        for place, name in enumerate(places):
            others = [f"at{other}-{place}" for other in range(count) if other != one]
            packages.append(paragraph(name, Conflicts=", ".join(others)))
    assert error(packages, "root").endswith("(No answer was found after 1,000 others.)")
