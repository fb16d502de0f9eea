from dataclasses import replace

import pytest

from lading.debian.lock.lock_request import AskedPackage, LockRequest
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

REQUEST = LockRequest(
    "bookworm",
    ("bookworm",),
    ("main",),
    ("amd64",),
    lists=(("!perl", "bash"),),
    asked=(AskedPackage("curl", suite="bookworm-backports"),),
    upgrade=("lib*",),
    allow_older_index=True,
    previous="{}",
)


def test_json_round_trip() -> None:
    assert from_json(LockRequest, to_json(REQUEST)) == REQUEST


@pytest.mark.parametrize("name", ["suites", "components", "architectures"])
def test_refuses_empty(name: str) -> None:
    with pytest.raises(LadingError, match=f"`{name}` is empty. Name at least one."):
        replace(REQUEST, **{name: ()})  # type: ignore[arg-type]


def test_refuses_a_lock_that_nobody_uses() -> None:
    with pytest.raises(LadingError, match="No target asks for a package of this lock"):
        replace(REQUEST, lists=(), asked=())


@pytest.mark.parametrize(
    "text, expected",
    [
        ("curl", AskedPackage("curl")),
        ("g++=4:12.2.0-3", AskedPackage("g++", version="4:12.2.0-3")),
        ("curl/bookworm-backports", AskedPackage("curl", suite="bookworm-backports")),
    ],
)
def test_packages_are_asked_for_as_apt_takes_them(text: str, expected: AskedPackage) -> None:
    assert AskedPackage.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["", "Curl", "curl=", "curl/", "curl=1/sid", "!curl", "curl = 1"])
def test_refuses_what_names_no_package(text: str) -> None:
    with pytest.raises(LadingError, match="`packages` has .*. Write the name of a Debian package"):
        AskedPackage.parse(text)
