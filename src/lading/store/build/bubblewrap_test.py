import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Tuple

import pytest

from lading.store.build import bubblewrap as bubblewrap_module
from lading.store.build.bubblewrap import BubblewrapSandbox, find_bubblewrap
from lading.store.build.host_programs_testing import bubblewrap
from lading.store.build.sandbox_testing import LIBRARY, Shell, make_library
from lading.values.errors import LadingError
from lading.values.path import StorePath


@dataclass(frozen=True)
class BubblewrapShell(Shell):
    sandbox: BubblewrapSandbox


@pytest.fixture
def shell(tmp_path: Path, build_root: Path) -> BubblewrapShell:
    made = BubblewrapSandbox(build_root, tmp_path / "work", make_library(tmp_path), bubblewrap())
    made.prepare()
    return BubblewrapShell(made)


def test_no_process_and_no_open_file_of_the_host_is_there(shell: BubblewrapShell) -> None:
    comms = set(shell("for pid in /proc/[0-9]*; do cat $pid/comm; done").split())
    assert comms <= {"bwrap", "bash", "cat"}
    assert shell("for fd in {3..99}; do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done") == ""
    assert shell("cat") == ""


def test_there_is_no_network(shell: BubblewrapShell) -> None:
    interfaces = shell("cat /proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert shell.status(f"exec 3<>/dev/tcp/127.0.0.1/{port}") == 1


def test_a_file_of_the_build_root_does_not_run_as_root(shell: BubblewrapShell) -> None:
    assert "CapEff:\t0000000000000000" in shell("cat /proc/self/status")


def test_output_like_bubblewraps_is_not_mistaken_for_it(shell: BubblewrapShell) -> None:
    script = "echo bwrap: execvp x; echo bwrap: no permissions to create new namespace; exit 1"
    assert shell.status(script) == 1


# Prevents its child from creating namespaces, even if it is root: the first argument is written to
# the sysctl, which applies to the user namespace that bubblewrap will create.
_RESTRICT = """
import sys
from pathlib import Path
Path("/proc/sys/user/max_user_namespaces").write_text(sys.argv[1])
from lading.values.errors import LadingError
from lading.namespaces.limits import Limits
from lading.store.build.bubblewrap import BubblewrapSandbox
sandbox = BubblewrapSandbox(Path(sys.argv[3]), Path(sys.argv[4]), (), sys.argv[2])
try:
    with open(sys.argv[4] + "/log", "wb") as log:
        print("status", sandbox.run(["/bin/bash", "-c", "exit 3"], {}, log, Limits()))
except LadingError as error:
    print(error)
"""


def run_restricted(shell: BubblewrapShell, limit: int) -> str:
    """The sandbox's error in a user namespace that may have `limit` others."""
    inner = shell.sandbox
    paths = [inner.bubblewrap, str(inner.build_root), str(inner.work)]
    finished = subprocess.run(
        [
            *(inner.bubblewrap, "--unshare-user", "--uid", "0", "--cap-add", "ALL"),
            *("--dev-bind", "/", "/", "--", sys.executable, "-c", _RESTRICT, str(limit), *paths),
        ],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return finished.stdout


def test_a_machine_without_namespaces_is_told_the_setting(shell: BubblewrapShell) -> None:
    assert run_restricted(shell, 100) == "status 3\n"
    sentence = run_restricted(shell, 0)
    assert sentence.startswith("the build sandbox can't be made (bwrap: ")
    assert sentence.endswith(
        ", since user.max_user_namespaces is 0: install the package bubblewrap, or run `sysctl -w "
        "user.max_user_namespaces=15000` as root.\n"
    )


def test_a_bubblewrap_that_is_too_old_is_told(shell: BubblewrapShell, tmp_path: Path) -> None:
    old = tmp_path / "bwrap"
    old.write_text("#!/bin/sh\necho bwrap: Unknown option --json-status-fd >&2; exit 1\n")
    old.chmod(0o755)
    with pytest.raises(LadingError, match=r"too old. Install version 0.4 or newer, or remove it"):
        Shell(replace(shell.sandbox, bubblewrap=str(old))).run(["/bin/bash"])


def test_another_failure_is_told_with_what_containers_need(
    shell: BubblewrapShell, tmp_path: Path
) -> None:
    broken = Shell(replace(shell.sandbox, dependencies=((LIBRARY, tmp_path / "missing"),)))
    with pytest.raises(LadingError) as raised:
        broken.run(["/bin/bash"])
    assert str(raised.value).startswith("the build sandbox can't be made (bwrap: Can't find source")
    assert "docker: `--security-opt seccomp=unconfined" in str(raised.value)


@pytest.mark.parametrize(
    ("user", "missing", "reason"),
    [
        (1000, ("CAP_CHOWN",), "and only root can build in a chroot. In a container"),
        (0, ("CAP_KILL", "CAP_MKNOD"), "and for a chroot root lacks CAP_KILL, CAP_MKNOD here. In"),
        (0, (), "and `[lading].sandbox` rules out a chroot. In a container"),
    ],
)
def test_why_there_is_no_chroot_either_is_told(
    user: int,
    missing: Tuple[str, ...],
    reason: str,
    shell: BubblewrapShell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho bwrap: no namespaces >&2; exit 1\n")
    broken.chmod(0o755)
    sandbox = replace(shell.sandbox, bubblewrap=str(broken))
    monkeypatch.setattr(bubblewrap_module, "missing_capabilities", lambda: missing)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(LadingError, match=re.escape(f"(bwrap: no namespaces), {reason}")):
        BubblewrapShell(sandbox).run(["/bin/bash"])


def test_the_machines_bubblewrap_comes_before_the_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bubblewrap_module, "HOST_BUBBLEWRAPS", ("missing", str(tmp_path / "host")))
    with pytest.raises(LadingError, match="install the package bubblewrap"):
        find_bubblewrap()
    bundled = tmp_path / bubblewrap_module.BUNDLED_BUBBLEWRAP
    bundled.parent.mkdir(parents=True)
    bundled.touch()
    assert find_bubblewrap() == str(bundled)
    (tmp_path / "host").touch()
    assert find_bubblewrap() == str(tmp_path / "host")


def test_more_packages_than_bubblewrap_takes_are_an_error(
    shell: BubblewrapShell, tmp_path: Path
) -> None:
    many = tuple((StorePath(f"{number:032}", "x"), tmp_path) for number in range(3000))
    crowded = Shell(replace(shell.sandbox, dependencies=many))
    with pytest.raises(LadingError) as raised:
        crowded.run(["/bin/bash"])
    assert str(raised.value) == (
        "a build that sees 3000 packages and has 1 variable is more than bubblewrap accepts: let "
        "it depend on fewer packages, or set fewer variables in `env`."
    )
