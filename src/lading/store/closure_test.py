from typing import Dict, Tuple

import pytest

from lading.store.closure import ReferenceRules, closure_of, why
from lading.store.package import StorePackage
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json
from lading.values.path import StorePath


def path(name: str) -> StorePath:
    return StorePath(name[0] * 32, name)


def package(name: str, *references: str, size: int = 10) -> StorePackage:
    return StorePackage(
        path=path(name),
        references=tuple(path(reference) for reference in references),
        reasons=tuple(f"bin/{name}" for _ in references),
        segment_sha256="0" * 64,
        segment_size=1024,
        unpacked_size=size,
    )


#   app -> bash -> glibc
#      \-> lib ---/
KNOWN: Dict[StorePath, StorePackage] = {
    entry.path: entry
    for entry in (
        package("app", "bash", "lib"),
        package("bash", "glibc"),
        package("lib", "glibc"),
        package("glibc", size=1000),
        package("gcc", "glibc"),
    )
}


def names(closure: Tuple[StorePackage, ...]) -> "list[str]":
    return [entry.path.name for entry in closure]


def test_a_closure_has_everything_once_sorted() -> None:
    assert names(closure_of([path("app")], KNOWN)) == ["app", "bash", "glibc", "lib"]
    assert names(closure_of([path("glibc"), path("lib")], KNOWN)) == ["glibc", "lib"]


def test_why_tells_a_shortest_chain() -> None:
    assert why(path("app"), path("glibc"), KNOWN) == (
        f"{path('app')} refers to {path('bash')} in 'bin/app'",
        f"{path('bash')} refers to {path('glibc')} in 'bin/bash'",
    )
    assert why(path("app"), path("gcc"), KNOWN) == ()


def check(rules: ReferenceRules, name: str = "app") -> None:
    rules.check(KNOWN[path(name)], closure_of([path(name)], KNOWN))


def test_no_rules_allow_everything() -> None:
    check(ReferenceRules())


def test_allowed_references_are_direct_ones() -> None:
    check(ReferenceRules(allowed=(path("bash"), path("lib"))))
    with pytest.raises(LadingError, match=f"does not list {path('lib')}.*'bin/app'"):
        check(ReferenceRules(allowed=(path("bash"),)))


def test_an_empty_list_allows_nothing() -> None:
    check(ReferenceRules(allowed=()), "glibc")
    with pytest.raises(LadingError, match="`allowed_references`"):
        check(ReferenceRules(allowed=()), "bash")


def test_nixpkgs_47504_41152_disallowed_references_count_for_the_closure() -> None:
    # As the compiler did: it gets there indirectly.
    check(ReferenceRules(disallowed=(path("gcc"),)))
    with pytest.raises(LadingError, match="forbids .*glibc, but .*refers to .*; .*refers to"):
        check(ReferenceRules(disallowed=(path("glibc"),)))


def test_nixpkgs_47504_41152_the_closure_s_size_is_limited() -> None:
    check(ReferenceRules(max_closure_size=1030))
    with pytest.raises(LadingError, match="is 1029 bytes, but .* has 1030 .largest: glibc"):
        check(ReferenceRules(max_closure_size=1029))


def test_a_package_survives_json() -> None:
    entry = KNOWN[path("app")]
    assert from_json(StorePackage, to_json(entry)) == entry
