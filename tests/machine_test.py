"""tests/run on a machine that lacks what it needs. It ends before it starts anything long."""

import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest
from conftest import BUILD_ROOT

#: What is on every machine.
PROGRAMS = ("cat", "dirname", "sed", "sh")

#: Writes down its arguments, and has no packages.
APT_GET = '#!/bin/sh\necho "$@" >> "$APT_LOG"\n[ "$1" = update ]\n'


@pytest.mark.parametrize(
    "user, installer, sentence",
    [
        (1000, "apt-get", "what these Debian packages have is missing:"),
        (0, "pacman", "As root on Debian, tests/run does so by itself.\n"),
        (0, "apt-get", "tests/run: apt-get could not install "),
    ],
)
def test_what_is_missing_is_named_or_installed(
    user: int, installer: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (tmp_path / installer).write_text(APT_GET)
    status, stderr, calls = _run(tmp_path)
    assert sentence in stderr
    assert status == 1
    if (user, installer) == (0, "apt-get"):
        update, install = calls
        assert update == "update -qq"
        assert {"skopeo", "mmdebstrap", "python3-venv", "shellcheck"} <= set(install.split())
    else:
        assert not calls


def _run(programs: Path) -> Tuple[int, str, List[str]]:
    """Status, standard error, and the calls of apt-get."""
    for path in programs.iterdir():
        path.chmod(0o755)
    for name in PROGRAMS:
        (programs / name).symlink_to(f"/usr/bin/{name}")
    log = programs / "apt.log"
    finished = subprocess.run(
        [BUILD_ROOT / "tests/run"],
        env={"PATH": str(programs), "APT_LOG": str(log)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert finished.stdout == ""
    return (
        finished.returncode,
        finished.stderr,
        log.read_text().splitlines() if log.exists() else [],
    )
