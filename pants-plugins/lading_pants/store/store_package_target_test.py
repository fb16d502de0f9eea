from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidTargetException
from pants.util.frozendict import FrozenDict

from lading_pants.store.store_package_target import (
    AllowedReferencesField,
    BuildEnvField,
    ScriptField,
    SourceField,
    StorePackageTarget,
    StripField,
)

ADDRESS = Address("3rdparty/redis", target_name="redis")


def target(**fields: object) -> StorePackageTarget:
    return StorePackageTarget({"version": "7.0.15", **fields}, ADDRESS)


def test_unset_is_told_from_empty() -> None:
    """An empty list allows no references; unset allows all."""
    assert target()[AllowedReferencesField].value is None
    assert target(allowed_references=[])[AllowedReferencesField].value == ()
    assert target()[ScriptField].value is None
    assert target()[SourceField].value is None


@pytest.mark.parametrize("strip", ["all", "debug", "none"])
def test_the_choices_of_strip(strip: str) -> None:
    assert target(strip=strip)[StripField].value == strip


def test_any_variable_that_a_shell_can_read() -> None:
    env = {"_A1": "a=b\n", "b": ""}
    assert target(env=env)[BuildEnvField].value == FrozenDict(env)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"version": 7.0}, "must be a string, but was `7.0` with type `float`"),
        (
            {"version": "7 0"},
            "wrong: '7 0' can't be the name of a store path: use 1 to 211 letters",
        ),
        ({"version": ""}, "wrong: '' can't be the name of a store path"),
        ({"version": "1/2"}, "wrong: '1/2' can't be the name of a store path"),
        ({"package_name": "ä"}, "wrong: 'ä' can't be the name of a store path"),
        ({"package_name": ".redis"}, "digits and + - . _ ? =, not starting with a dot."),
        ({"source": ["//a"]}, "must be the address of a target (a string), but was `['//a']`"),
        ({"sources": "//a"}, "must be an iterable of strings"),
        ({"patches": "a.patch"}, "must be an iterable of strings"),
        ({"script": ["make"]}, "must be a string, but was `['make']` with type `list`"),
        ({"dependencies": ":glibc"}, "must be an iterable of strings"),
        ({"build_root": 1}, "must be the address of a target (a string), but was `1`"),
        ({"env": ["A=1"]}, "must be a dictionary of string -> string"),
        ({"env": {"A": 1}}, "must be a dictionary of string -> string, but was `{'A': 1}`"),
        ({"env": {"A=1": "2"}}, "`env` has the name 'A=1' with an `=` in it. Write `{'A': '1'}`."),
        ({"env": {"1A": "2"}}, "A name has letters, digits and `_`, and does not begin with a"),
        ({"env": {"": "2"}}, "`env` has the name ''"),
        ({"env": {"A": "\0"}}, "no variable can hold a NUL character. Remove it."),
        ({"strip": "foo"}, "must be one of ['all', 'debug', 'none'], but 'foo' was provided"),
        ({"max_closure_size": "1"}, "must be an integer, but was `'1'`"),
        ({"max_closure_size": 0}, "must be greater than zero, but was set to `0`"),
        ({"allowed_references": "//a"}, "must be an iterable of strings"),
        ({"disallowed_references": "//a"}, "must be an iterable of strings"),
    ],
)
def test_a_bad_value_is_refused_when_the_build_file_is_read(
    fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidTargetException) as raised:
        target(**fields)
    (field,) = fields
    message = str(raised.value)
    assert reason in message
    assert f"'{field}' field in target {ADDRESS}" in message.replace("`", "'")


def test_a_field_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(InvalidTargetException) as raised:
        target(scrip="make")
    assert "Unrecognized field `scrip=make` in target 3rdparty/redis:redis" in str(raised.value)
    assert "'script'" in str(raised.value)
