import os
import subprocess
from pathlib import Path

import pytest

from lading.namespaces import linux
from lading.namespaces.build_user import BUILD_USER, staged_for_build_user


def staged(tmp_path: Path, script: str) -> str:
    """The output of `script`, run as the build user, who has the directory `own` and sees
    `shared`."""
    for name in ("place", "own", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "shared" / "x").write_text("shared")
    os.chmod(tmp_path, 0o700)
    own, shared = {tmp_path / "own": "own"}, {tmp_path / "shared": "shared"}
    with staged_for_build_user(tmp_path / "place", own, shared) as stage:
        if stage is None:
            return "none"
        stage.give()
        assert stage.path(tmp_path / "shared" / "x") == "/tmp/shared/x"
        assert stage.path(Path("/usr/bin/x")) == "/usr/bin/x"
        printed = {
            subprocess.run(
                ["/bin/sh", "-c", script],
                preexec_fn=stage.enter,
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            ).stdout
            for _ in range(2)
        }
    assert len(printed) == 1, "it works as often as a build needs programs"
    return printed.pop()


def test_the_build_user_owns_what_it_sees_and_nothing_else(tmp_path: Path) -> None:
    script = """
        id -u; id -g; id -G
        stat --format "%u %n" /tmp/own /tmp/shared /tmp/shared/x
        cat /tmp/shared/x; echo
        touch /tmp/own/y
        ls $outside 2>/dev/null || echo closed
        chmod 666 /dev/full 2>/dev/null || echo fixed
    """
    user, printed = str(BUILD_USER), staged(tmp_path, f"outside={tmp_path}; {script}")
    if os.getuid():  # builds run with the rights of the caller
        assert printed == "none"
        return
    assert printed.splitlines() == [
        *(user, user, user),
        *(f"{user} /tmp/{name}" for name in ("own", "shared", "shared/x")),
        "shared",
        "closed",
        "fixed",
    ]
    assert (tmp_path / "own" / "y").stat().st_uid == BUILD_USER
    assert (tmp_path / "shared" / "x").stat().st_uid == 0
    assert os.listdir(tmp_path / "place") == []


def test_without_such_mounts_there_is_no_build_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(mount: int, user_namespace: int) -> None:
        raise OSError("a file system without them")

    monkeypatch.setattr(linux, "map_ids", refuse)
    assert staged(tmp_path, "true") == "none"
