from dataclasses import replace

import pytest

from lading.debian.lock_request import LockRequest
from lading.errors import LadingError

REQUEST = LockRequest("bookworm", ("bookworm",), ("main",), ("amd64",), ("bash",), previous="{}")


def test_json_round_trip() -> None:
    assert LockRequest.from_json(REQUEST.to_json()) == REQUEST


@pytest.mark.parametrize("name", ["suites", "components", "architectures"])
def test_refuses_empty(name: str) -> None:
    with pytest.raises(LadingError, match=f"`{name}` is empty. Name at least one."):
        replace(REQUEST, **{name: ()})  # type: ignore[arg-type]


def test_refuses_a_lock_that_nobody_uses() -> None:
    with pytest.raises(LadingError, match="No target asks for a package of this lock"):
        replace(REQUEST, roots=())
