import errno
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Iterator, Tuple

import pytest

from lading.namespaces.claimed_user import claimed_user
from lading.store.build.chroot import ChrootSandbox
from lading.store.build.sandbox_testing import LIBRARY, SANDBOXES, Shell, make_library
from lading.values.errors import LadingError

OUT = f"/store/{'0' * 32}-out"


@pytest.fixture
def sandbox(tmp_path: Path, build_root: Path) -> Iterator[ChrootSandbox]:
    with claimed_user() as user:
        yield ChrootSandbox(build_root, tmp_path / "work", make_library(tmp_path), user)


@pytest.mark.parametrize(("flag", "option"), [(os.ST_NOEXEC, "noexec"), (os.ST_NODEV, "nodev")])
def test_a_file_system_on_which_nothing_runs_is_told(
    flag: int, option: str, sandbox: ChrootSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mount:
        f_flag = flag

    monkeypatch.setattr(os, "statvfs", lambda path: Mount)
    with pytest.raises(LadingError) as raised:
        sandbox.prepare()
    assert str(raised.value) == (
        f"builds can't run in a chroot below {sandbox.root}, whose file system is mounted with "
        f"the option {option}: let `local_execution_root_dir` in [GLOBAL] of pants.toml name a "
        "directory of another file system."
    )


def test_a_container_that_may_make_no_devices_is_told(
    sandbox: ChrootSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, mode: int, device: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "mknod", refuse)
    with pytest.raises(LadingError, match="this container may not make devices"):
        sandbox.prepare()


@pytest.mark.parametrize(
    ("name", "is_telling"),
    [
        ("f0b1c2d3e4f5", True),
        ("runner-x7-project-1-concurrent-0", True),
        # These may well be in files by chance.
        ("debian", False),
        ("vm1", False),
        ("lading", False),
        ("localhost", False),
    ],
)
def test_names_that_tell_one_machine_from_others_are_traces(
    name: str, is_telling: bool, sandbox: ChrootSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    names = (name,) if is_telling else ()
    assert sandbox.traces == (*names, str(sandbox.root), str(sandbox.user))


def ready(sandbox: ChrootSandbox) -> Shell:
    sandbox.prepare()
    (sandbox.root / OUT.lstrip("/")).mkdir()
    sandbox.hand_over()
    return Shell(sandbox)


def inode(path: Path) -> Tuple[int, int]:
    return path.stat().st_dev, path.stat().st_ino


def test_inputs_are_hard_links_that_a_build_can_not_change(sandbox: ChrootSandbox) -> None:
    if "chroot" not in SANDBOXES:
        with pytest.raises(LadingError):
            sandbox.prepare()
        return
    shell = ready(sandbox)
    ((_, library),) = sandbox.dependencies
    (library / "lib" / "x").chmod(0o444)
    linked = sandbox.root / "store" / LIBRARY.base / "lib" / "x"
    assert inode(linked) == inode(library / "lib" / "x")
    for attempt in ("echo y > {}", "chmod 777 {}", "rm -f {}", "mv {} /tmp", "touch {}"):
        assert shell.status(attempt.format(f"{LIBRARY}/lib/x")) == 1
    assert (library / "lib" / "x").read_text() == "x"


def test_out_can_be_replaced_and_no_file_in_it_may_be_an_input(sandbox: ChrootSandbox) -> None:
    """Later steps, as root, write to the files of `$out`."""
    if "chroot" not in SANDBOXES:
        return
    shell = ready(sandbox)
    shell(f"rm -rf {OUT}; mkdir {OUT}; echo x > {OUT}/x; ln {OUT}/x {OUT}/y; ln -s x {OUT}/z")
    # As if the kernel let everybody do it (fs.protected_hardlinks=0).
    os.link(sandbox.root / "store" / LIBRARY.base / "lib" / "x", sandbox.root / OUT[1:] / "a")
    with pytest.raises(LadingError) as raised:
        shell("true")
    assert str(raised.value) == (
        "`script` made $out/a a hard link to a file that is not its own: copy the file instead."
    )


def test_a_setuid_file_of_an_input_has_no_effect(sandbox: ChrootSandbox) -> None:
    if "chroot" not in SANDBOXES:
        return
    ((_, library),) = sandbox.dependencies
    shutil.copy("/usr/bin/id", library / "lib" / "id")
    os.chmod(library / "lib" / "id", 0o6755)
    shell = ready(sandbox)
    shutil.copy(library / "lib" / "id", sandbox.root / "build" / "id")
    os.chmod(sandbox.root / "build" / "id", 0o6755)
    for path in (f"{LIBRARY}/lib/id", "/build/id"):
        assert shell(f"{path} -u; {path} -g").split() == [str(sandbox.user)] * 2


def test_a_build_can_not_touch_processes_of_another_one(sandbox: ChrootSandbox) -> None:
    if "chroot" not in SANDBOXES:
        return
    shell = ready(sandbox)
    with claimed_user() as other, subprocess.Popen(["/bin/sleep", "60"], user=other.id) as process:
        for signal in ("KILL", "STOP", "TERM", "0"):
            assert shell.status(f"kill -{signal} {process.pid}") == 1
        # Everything that it may signal: that is itself and its own children.
        assert shell.status("kill -KILL -1; exit 3") in (3, 137)
        assert process.poll() is None
        process.kill()
