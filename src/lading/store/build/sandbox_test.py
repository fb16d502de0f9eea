import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterator, Set

import pytest

from lading.files.linked_tree import link_tree
from lading.store.build.chroot import ChrootSandbox
from lading.store.build.sandbox_testing import (
    LIBRARY,
    PATH,
    SANDBOXES,
    Shell,
    is_running,
    make_library,
    sandbox_of_kind,
)
from lading.values.errors import LadingError


@pytest.fixture(params=SANDBOXES)
def shell(request: Any, tmp_path: Path, build_root: Path) -> Iterator[Shell]:
    with sandbox_of_kind(request.param, build_root, tmp_path, make_library(tmp_path)) as sandbox:
        yield Shell(sandbox)


def in_chroot(shell: Shell) -> bool:
    return isinstance(shell.sandbox, ChrootSandbox)


def test_only_what_was_declared_is_there(shell: Shell) -> None:
    names = set(shell("ls -A /").split())
    assert names - {"bin", "lib", "lib64", "sbin"} == {
        *("build", "dev", "etc", "lading", "proc", "store", "tmp", "usr")
    }
    assert shell("ls -A /tmp /build /lading").split() == ["/build:", "/lading:", "/tmp:"]
    assert shell("ls -A /store; cat /store/*/lib/x").split() == [LIBRARY.base, "x"]
    links: Set[str] = {*("core", "fd", "ptmx", "pts", "stderr", "stdin", "stdout")}
    assert set(shell("ls -A /dev").split()) - (links if not in_chroot(shell) else set()) == {
        *("full", "null", "random", "shm", "tty", "urandom", "zero")
    }


def test_the_environment_is_what_was_declared(shell: Shell) -> None:
    declared = {"B": "two words", "A": "a=b\n'", "PATH": "/usr/bin"}
    _, printed = shell.run(["/usr/bin/env", "-0"], declared)
    # bubblewrap sets PWD.
    expected = {f"{name}={value}" for name, value in {**declared, "PWD": "/build"}.items()}
    assert set(printed.rstrip("\0").split("\0")) == expected


def test_user_host_and_directory_are_the_same_everywhere(shell: Shell) -> None:
    """But for the user's number and the host's name in a chroot."""
    user = shell.sandbox.user
    assert user == 1000 or in_chroot(shell)
    assert shell("id; id -un; umask; uname -n; pwd").splitlines() == [
        f"uid={user}(builder) gid={user}(builder) groups={user}(builder)",
        "builder",
        "0022",
        socket.gethostname() if in_chroot(shell) else "lading",
        "/build",
    ]


def test_etc_has_the_build_roots_files_and_three_of_its_own(tmp_path: Path, shell: Shell) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    link_tree(shell.sandbox.build_root / "usr", root / "usr")
    for name in ("magic", "passwd"):
        (root / "etc" / name).write_text(f"{name} of Debian")
    (root / "etc" / "os-release").symlink_to("../usr/lib/os-release")
    shell = Shell(replace(shell.sandbox, build_root=root, work=tmp_path / "other"))
    shell.sandbox.prepare()
    assert shell("ls -A /etc").split() == ["group", "hosts", "magic", "os-release", "passwd"]
    assert shell("cat /etc/magic") == "magic of Debian"
    assert (
        shell("stat --format %N /etc/os-release")
        == "'/etc/os-release' -> '../usr/lib/os-release'\n"
    )
    assert "Debian" not in shell("cat /etc/passwd")


def test_the_machines_users_are_not_seen(shell: Shell) -> None:
    assert [line.split(":")[0] for line in shell("cat /etc/passwd").splitlines()] == [
        "root",
        "builder",
        "nobody",
    ]


@pytest.mark.parametrize("directory", ["/store", "/build", "/tmp", "/dev/shm"])
def test_a_build_can_write(shell: Shell, directory: str) -> None:
    assert shell(f"echo x > {directory}/x; cat {directory}/x") == "x\n"


@pytest.mark.parametrize("directory", ["/", "/etc", "/lading", "/usr/bin", f"{LIBRARY}", "/proc"])
def test_a_build_can_not_write(shell: Shell, directory: str) -> None:
    assert shell.status(f"touch {directory}/x") == 1
    assert shell.status(f"rm -rf {directory}/lib") in (0, 1)
    assert shell(f"cat {LIBRARY}/lib/x") == "x"


def test_what_is_written_is_the_callers(shell: Shell) -> None:
    """Or that of a user that nobody else is, in a chroot."""
    shell(f"mkdir -p /store/{'0' * 32}-out/bin; echo x > /build/x")
    written = shell.sandbox.root / "build" / "x"
    owner = os.getuid() if shell.sandbox.owner is None else shell.sandbox.owner
    assert (written.read_text(), written.stat().st_uid) == ("x\n", owner)
    assert (shell.sandbox.root / "store" / f"{'0' * 32}-out" / "bin").is_dir()


def test_inputs_stay_where_they_are_in_the_store(shell: Shell) -> None:
    assert shell.status(f"mv {LIBRARY} /store/other") == 1
    assert shell.status(f"rm -rf {LIBRARY}") == 1
    assert shell(f"cat {LIBRARY}/lib/x") == "x"


def test_what_a_build_leaves_running_has_ended_with_it(shell: Shell) -> None:
    shell("(trap '' TERM HUP; setsid -f sleep 1234.7 || setsid sleep 1234.7 &) > /dev/null 2>&1")
    assert not is_running("1234.7")


# Waits in a sandbox until it is killed.
_WAIT = """
import sys
from pathlib import Path
from lading.namespaces.limits import Limits
from lading.store.build.sandbox_testing import sandbox_of_kind
kind, build_root, directory = sys.argv[1:]
with sandbox_of_kind(kind, Path(build_root), Path(directory), ()) as sandbox:
    with open(directory + "/log", "wb") as log:
        sandbox.run(["/bin/bash", "-c", "sleep 1234.8 & echo x; sleep 1234.8"], {}, log, Limits())
"""


@pytest.mark.parametrize("kind", SANDBOXES)
def test_when_whoever_builds_is_killed_nothing_is_left(
    kind: str, build_root: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _WAIT, kind, str(build_root), str(tmp_path)]
    log = tmp_path / "log"
    with subprocess.Popen(command, env={"PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        try:
            wait_until(lambda: log.exists() and log.read_text() == "x\n")
            assert is_running("1234.8")
        finally:
            process.kill()
    wait_until(lambda: not is_running("1234.8"))


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("script", "status"),
    [("true", 0), ("false", 1), ("exit 77", 77), ("kill -9 $$", 137), ("kill -PIPE $$", 141)],
)
def test_the_exit_status_is_the_commands(shell: Shell, script: str, status: int) -> None:
    assert shell.status(script) == status


def test_a_missing_program_is_told_with_the_remedy(shell: Shell) -> None:
    with pytest.raises(LadingError) as raised:
        shell.run(["strip"])
    program = "chroot" if in_chroot(shell) else "bwrap"
    assert str(raised.value) == (
        f"the build root can't run strip ({program}: execvp strip: No such file or directory): add "
        "the Debian package that has it to `debian_packages` of the `build_root`."
    )


def test_a_variable_can_not_hold_further_options(shell: Shell) -> None:
    value = "x\0--ro-bind\0/etc\0/machine"
    with pytest.raises(LadingError, match="NUL character"):
        shell("ls /machine", {**PATH, "A": value})


def test_a_variable_that_is_too_long_is_told_as_such(shell: Shell) -> None:
    with pytest.raises(LadingError, match="131,071 bytes in one"):
        shell("true", {**PATH, "A": "x" * (1 << 17)})
    assert shell("true", {**PATH, "A": "x" * ((1 << 17) - len("A=") - 1)}) == ""
