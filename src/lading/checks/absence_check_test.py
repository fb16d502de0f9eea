import pytest

from lading.checks.absence_check import AbsenceCheck
from lading.store.package import StorePackage
from lading.values.json_codec import from_json, to_json
from lading.values.path import StorePath


def package(name: str, *references: str) -> StorePackage:
    paths = tuple(StorePath(one[0] * 32, one) for one in references)
    reasons = tuple("bin/x" for _ in references)
    return StorePackage(StorePath(name[0] * 32, name), paths, reasons, "", 0, 0)


LIBC, GCC = package("libc-2.36"), package("gcc-12.2.0", "libc-2.36")
REDIS = package("redis-7.0.15", "libc-2.36")
APP = package("app-1", "redis-7.0.15", "gcc-12.2.0")
CLOSURE = (APP, GCC, LIBC, REDIS)


def test_a_package_is_named_by_its_path() -> None:
    check = AbsenceCheck("//3rdparty/redis", str(REDIS.path))
    assert check.judge((APP, LIBC), ()).passed
    assert check.judge(CLOSURE, ()).failures == (
        f"{REDIS.path} is in the image:\n  {APP.path} refers to {REDIS.path} in 'bin/x'",
    )


def test_what_the_image_names_itself_is_told_so() -> None:
    check = AbsenceCheck("//app", str(APP.path))
    assert check.judge(CLOSURE, ()).failures == (
        f"{APP.path} is in the image:\n  the image, or its base, names it",
    )


@pytest.mark.parametrize(
    "text, found",
    [
        ("gcc", True),
        ("gcc-12.2.0", True),
        ("gcc*", True),
        ("*12*", True),
        ("gc", False),
        ("gcc-12", False),
    ],
)
def test_names_with_and_without_version(text: str, found: bool) -> None:
    assert AbsenceCheck(text, "").judge((GCC, LIBC), ()).passed != found


def test_shortest_chain_of_references() -> None:
    check = AbsenceCheck("libc", "")
    (failure,) = check.judge(CLOSURE, ()).failures
    assert failure.splitlines()[1:] in (
        [
            f"  {APP.path} refers to {REDIS.path} in 'bin/x'",
            f"  {REDIS.path} refers to {LIBC.path} in 'bin/x'",
        ],
        [
            f"  {APP.path} refers to {GCC.path} in 'bin/x'",
            f"  {GCC.path} refers to {LIBC.path} in 'bin/x'",
        ],
    )


def test_names_of_debian_packages() -> None:
    names = ("bash", "libc-dev")
    assert AbsenceCheck("*-dev", "").judge((), names).failures == (
        "the Debian package libc-dev is installed",
    )
    assert AbsenceCheck("vim", "").judge((), names).passed
    assert AbsenceCheck("//x:bash", str(LIBC.path)).judge((), names).passed


def test_json_gives_them_back() -> None:
    for check in (AbsenceCheck("a", "b"), AbsenceCheck("a", "")):
        assert from_json(AbsenceCheck, to_json(check)) == check
