from typing import Tuple

import pytest

from lading.checks.go_syntax.go_file_mode import is_executable, show
from lading.files.kind import Kind


@pytest.mark.parametrize(
    "type, mode, text",
    [
        (Kind.FILE, 0o644, "-rw-r--r--"),
        (Kind.FILE, 0o000, "----------"),
        (Kind.FILE, 0o4755, "urwxr-xr-x"),
        (Kind.FILE, 0o6755, "ugrwxr-xr-x"),
        (Kind.DIRECTORY, 0o755, "drwxr-xr-x"),
        (Kind.DIRECTORY, 0o1777, "dtrwxrwxrwx"),
        (Kind.SYMLINK, 0o777, "Lrwxrwxrwx"),
        (Kind.PIPE, 0o600, "prw-------"),
    ],
)
def test_as_go_shows_modes(type: Kind, mode: int, text: str) -> None:
    assert show(type, mode) == text


@pytest.mark.parametrize(
    "mode, who",
    [
        (0o100, ("owner", "any")),
        (0o010, ("group", "any")),
        (0o001, ("other", "any")),
        (0o644, ()),
    ],
)
def test_who_may_execute(mode: int, who: Tuple[str, ...]) -> None:
    for by in ("owner", "group", "other", "any"):
        assert is_executable(mode, by) == (by in who)
