from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidTargetException
from pants.util.frozendict import FrozenDict

from lading_pants.store.build_root_target import (
    AlternativesField,
    BuildRootTarget,
    DebianPackagesField,
)

ADDRESS = Address("3rdparty/stdenv")


def target(**fields: object) -> BuildRootTarget:
    fields = {"debian_lock": "//debian:lock", "debian_packages": ["gcc"], **fields}
    return BuildRootTarget({name: value for name, value in fields.items() if value}, ADDRESS)


def test_a_build_root_is_a_list_of_packages_of_a_lock() -> None:
    root = target(alternatives={"awk": "gawk"})
    assert root[DebianPackagesField].value == ("gcc",)
    assert root[AlternativesField].value == FrozenDict({"awk": "gawk"})
    assert target()[AlternativesField].value is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"debian_lock": None}, "must be defined"),
        ({"debian_lock": ["//debian:lock"]}, "must be the address of a target (a string)"),
        ({"debian_packages": None}, "must be defined"),
        ({"debian_packages": "gcc"}, "must be an iterable of strings"),
        ({"alternatives": ["awk"]}, "must be a dictionary of string -> string"),
    ],
)
def test_a_bad_value_is_refused_when_the_build_file_is_read(
    fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidTargetException) as raised:
        target(**fields)
    (field,) = fields
    assert f"The '{field}' field in target {ADDRESS} {reason}" in str(raised.value)
