from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidTargetException

from lading_pants.debian.debian_lock_target import (
    DebianArchitecturesField,
    DebianComponentsField,
    DebianLockfileField,
    DebianLockTarget,
    DebianResolveField,
)

ADDRESS = Address("3rdparty/debian", target_name="bookworm")


def target(**fields: object) -> DebianLockTarget:
    return DebianLockTarget({"suites": ["bookworm"], **fields}, ADDRESS)


def test_the_file_and_the_resolve_are_called_after_the_target() -> None:
    assert target()[DebianLockfileField].file_path == "3rdparty/debian/bookworm.lock.json"
    assert target()[DebianResolveField].resolve_name == "bookworm"
    named = target(lockfile="sid.json", resolve="unstable")
    assert named[DebianLockfileField].file_path == "3rdparty/debian/sid.json"
    assert named[DebianResolveField].resolve_name == "unstable"


def test_what_most_want_is_the_default() -> None:
    assert target()[DebianComponentsField].value == ("main",)
    assert target()[DebianArchitecturesField].value == ("amd64",)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"suites": None}, "must be defined"),
        ({"suites": "bookworm"}, "must be an iterable of strings"),
        ({"architectures": "amd64"}, "must be an iterable of strings"),
        ({"components": [1]}, "must be an iterable of strings"),
        ({"packages": "gcc"}, "must be an iterable of strings"),
        ({"lockfile": ["a"]}, "must be a string"),
        ({"resolve": 1}, "must be a string"),
    ],
)
def test_a_bad_value_is_refused_when_the_build_file_is_read(
    fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidTargetException) as raised:
        target(**fields)
    (field,) = fields
    assert f"The '{field}' field in target {ADDRESS} {reason}" in str(raised.value)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        *(("suites", "../x"), ("suites", "bookworm\n"), ("suites", "/"), ("components", "")),
        *(("components", "main/../x"), ("architectures", "amd 64"), ("architectures", "AMD64")),
    ],
)
def test_names_that_the_archive_can_not_have(field: str, name: str) -> None:
    with pytest.raises(InvalidTargetException) as raised:
        target(**{field: [name]})
    sentence = f"`debian_lock` {ADDRESS}: `{field}` has {name!r}, which can't be a name in Debian's"
    assert sentence in str(raised.value)


def test_names_that_archives_have() -> None:
    suites = ["bookworm/updates", "stable-backports", "12.5", "buster+x"]
    assert target(suites=suites, components=["non-free-firmware", "updates/main"])
