import os
from pathlib import Path
from typing import Optional, Tuple

import pytest

from lading.store.build import chosen_sandbox
from lading.store.build.chosen_sandbox import SANDBOX_FILE, needs_chroot
from lading.store.build.host_programs_testing import bubblewrap
from lading.values.errors import LadingError

#: Programs in the place of bubblewrap.
WORKING, FAILING, ABSENT = "/bin/true", "/bin/false", "/nonexistent"


@pytest.mark.parametrize(
    ("noted", "user", "missing", "program", "expected"),
    [
        ("auto", 0, (), WORKING, False),
        ("auto", 0, (), FAILING, True),
        ("auto", 0, (), ABSENT, True),
        # Then bubblewrap says what to do.
        ("auto", 0, ("CAP_SYS_CHROOT",), FAILING, False),
        ("auto", 1000, (), FAILING, False),
        # A remote worker.
        (None, 0, (), FAILING, True),
        ("namespaces", 0, (), FAILING, False),
        ("chroot", 0, (), WORKING, True),
    ],
)
def test_builds_are_in_a_chroot_where_root_has_nothing_else_or_where_the_user_wants_it(
    noted: Optional[str],
    user: int,
    missing: Tuple[str, ...],
    program: str,
    expected: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(chosen_sandbox, "missing_capabilities", lambda: missing)
    monkeypatch.setattr(chosen_sandbox, "find_bubblewrap", lambda: program)
    if noted:
        (tmp_path / SANDBOX_FILE).write_text(noted)
    assert needs_chroot(str(tmp_path)) == expected


def test_where_namespaces_work_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen_sandbox, "find_bubblewrap", bubblewrap)
    assert not needs_chroot(str(tmp_path))


def test_a_chroot_that_is_not_possible_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen_sandbox, "missing_capabilities", lambda: ("CAP_SETUID", "CAP_MKNOD"))
    (tmp_path / SANDBOX_FILE).write_text("chroot")
    with pytest.raises(LadingError) as raised:
        needs_chroot(str(tmp_path))
    assert str(raised.value) == (
        "builds can't run in a chroot, as `[lading].sandbox` says: this process lacks CAP_SETUID, "
        "CAP_MKNOD. Run Pants as root, in a container with docker's default capabilities (podman: "
        '`--cap-add=MKNOD`), or set the option to "auto".'
    )
