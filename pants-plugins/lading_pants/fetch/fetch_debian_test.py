from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidTargetException

from lading_pants.fetch.fetch_debian import DebianPackageField, FetchDebianTarget

ADDRESS = Address("3rdparty/glibc", target_name="libc6")


def test_the_package_may_have_another_name_than_the_target() -> None:
    fields = {"debian_lock": "//debian:lock"}
    assert FetchDebianTarget(fields, ADDRESS)[DebianPackageField].value is None
    named = FetchDebianTarget({**fields, "package": "libc-bin"}, ADDRESS)
    assert named[DebianPackageField].value == "libc-bin"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "The 'debian_lock' field in target 3rdparty/glibc:libc6 must be defined"),
        ({"debian_lock": 1}, "The 'debian_lock' field in target 3rdparty/glibc:libc6 must be the"),
        (
            {"debian_lock": "//debian:lock", "package": ["libc6"]},
            "The 'package' field in target 3rdparty/glibc:libc6 must be a string",
        ),
    ],
)
def test_a_bad_value_is_refused_when_the_build_file_is_read(
    fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidTargetException) as raised:
        FetchDebianTarget(fields, ADDRESS)
    assert reason in str(raised.value)
