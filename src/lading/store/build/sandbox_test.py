import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest

from lading.namespaces.limits import Limits
from lading.store.build import sandbox
from lading.store.build.host_programs_testing import bubblewrap
from lading.store.build.sandbox import Sandbox, find_bubblewrap
from lading.values.errors import LadingError
from lading.values.path import StorePath

LIBRARY = StorePath("1" * 32, "library-1")
PATH = {"PATH": "/usr/bin"}


@dataclass(frozen=True)
class Shell:
    """Runs shell scripts in a sandbox."""

    sandbox: Sandbox

    def __call__(self, script: str, environment: Optional[Dict[str, str]] = None) -> str:
        """Returns the script's output; it must succeed."""
        status, output = self.run(["/bin/bash", "-c", script], environment)
        assert status == 0, output
        return output

    def status(self, script: str) -> int:
        return self.run(["/bin/bash", "-c", script])[0]

    def run(
        self, command: List[str], environment: Optional[Dict[str, str]] = None
    ) -> Tuple[int, str]:
        with tempfile.NamedTemporaryFile() as log:
            status = self.sandbox.run(
                command, PATH if environment is None else environment, log, Limits()
            )
            return status, Path(log.name).read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path, build_root: Path) -> Shell:
    library = tmp_path / "unpacked" / LIBRARY.base
    (library / "lib").mkdir(parents=True)
    (library / "lib" / "x").write_text("x")
    made = Sandbox(bubblewrap(), build_root, tmp_path / "work", ((LIBRARY, library),))
    made.prepare()
    return Shell(made)


def test_only_what_was_declared_is_there(shell: Shell) -> None:
    names = set(shell("ls -A /").split())
    assert names - {"bin", "lib", "lib64", "sbin"} == {
        *("build", "dev", "etc", "lading", "proc", "store", "tmp", "usr")
    }
    assert shell("ls -A /tmp /build /lading").split() == ["/build:", "/lading:", "/tmp:"]
    assert shell("ls -A /store; cat /store/*/lib/x").split() == [LIBRARY.base, "x"]
    assert shell("ls -A /dev").split() == [
        *("core", "fd", "full", "null", "ptmx", "pts", "random", "shm"),
        *("stderr", "stdin", "stdout", "tty", "urandom", "zero"),
    ]


def test_no_process_and_no_open_file_of_the_host_is_there(shell: Shell) -> None:
    comms = set(shell("for pid in /proc/[0-9]*; do cat $pid/comm; done").split())
    assert comms <= {"bwrap", "bash", "cat"}
    assert shell("for fd in {3..99}; do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done") == ""
    assert shell("cat") == ""


def test_the_environment_is_what_was_declared(shell: Shell) -> None:
    declared = {"B": "two words", "A": "a=b\n'", "PATH": "/usr/bin"}
    _, printed = shell.run(["/usr/bin/env", "-0"], declared)
    # bubblewrap sets PWD.
    expected = {f"{name}={value}" for name, value in {**declared, "PWD": "/build"}.items()}
    assert set(printed.rstrip("\0").split("\0")) == expected


def test_user_host_and_directory_are_the_same_everywhere(shell: Shell) -> None:
    assert shell("id; id -un; uname -n; pwd").splitlines() == [
        "uid=1000(builder) gid=1000(builder) groups=1000(builder)",
        "builder",
        "lading",
        "/build",
    ]


def test_etc_has_the_build_roots_files_and_three_of_its_own(tmp_path: Path, shell: Shell) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr").symlink_to(shell.sandbox.build_root / "usr")
    for name in ("magic", "passwd"):
        (root / "etc" / name).write_text(f"{name} of Debian")
    (root / "etc" / "os-release").symlink_to("../usr/lib/os-release")
    shell = Shell(replace(shell.sandbox, build_root=root))
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


def test_there_is_no_network(shell: Shell) -> None:
    interfaces = shell("cat /proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert shell.status(f"exec 3<>/dev/tcp/127.0.0.1/{port}") == 1


@pytest.mark.parametrize("directory", ["/store", "/build", "/tmp", "/dev/shm"])
def test_a_build_can_write(shell: Shell, directory: str) -> None:
    assert shell(f"echo x > {directory}/x; cat {directory}/x") == "x\n"


@pytest.mark.parametrize("directory", ["/", "/etc", "/lading", "/usr/bin", f"{LIBRARY}", "/proc"])
def test_a_build_can_not_write(shell: Shell, directory: str) -> None:
    assert shell.status(f"touch {directory}/x") == 1
    assert shell.status(f"rm -rf {directory}/lib") in (0, 1)
    assert shell(f"cat {LIBRARY}/lib/x") == "x"


def test_what_is_written_is_the_callers(shell: Shell) -> None:
    shell(f"mkdir -p /store/{'0' * 32}-out/bin; echo x > /build/x")
    written = shell.sandbox.work / "build" / "x"
    assert (written.read_text(), written.stat().st_uid) == ("x\n", os.getuid())
    assert (shell.sandbox.work / "store" / f"{'0' * 32}-out" / "bin").is_dir()


def test_a_file_of_the_build_root_does_not_run_as_root(shell: Shell) -> None:
    assert "CapEff:\t0000000000000000" in shell("cat /proc/self/status")


@pytest.mark.parametrize(
    ("script", "status"), [("true", 0), ("false", 1), ("exit 77", 77), ("kill -9 $$", 137)]
)
def test_the_exit_status_is_the_commands(shell: Shell, script: str, status: int) -> None:
    assert shell.status(script) == status


def test_output_like_bubblewraps_is_not_mistaken_for_it(shell: Shell) -> None:
    script = "echo bwrap: execvp x; echo bwrap: no permissions to create new namespace; exit 1"
    assert shell.status(script) == 1


def test_a_missing_program_is_told_with_the_remedy(shell: Shell) -> None:
    with pytest.raises(LadingError) as raised:
        shell.run(["strip"])
    assert str(raised.value) == (
        "the build root can't run strip (bwrap: execvp strip: No such file or directory): add the "
        "Debian package that has it to `debian_packages` of the `build_root`."
    )


def test_a_variable_can_not_hold_further_options(shell: Shell) -> None:
    value = "x\0--ro-bind\0/etc\0/machine"
    with pytest.raises(LadingError, match="NUL character"):
        shell("ls /machine", {**PATH, "A": value})


def test_a_variable_that_is_too_long_is_told_as_such(shell: Shell) -> None:
    with pytest.raises(LadingError, match="131,071 bytes in one"):
        shell("true", {**PATH, "A": "x" * (1 << 17)})
    assert shell("true", {**PATH, "A": "x" * ((1 << 17) - len("A=") - 1)}) == ""


# Prevents its child from creating namespaces, even if it is root: the first argument is written to
# the sysctl, which applies to the user namespace that bubblewrap will create.
_RESTRICT = """
import sys
from pathlib import Path
Path("/proc/sys/user/max_user_namespaces").write_text(sys.argv[1])
from lading.values.errors import LadingError
from lading.namespaces.limits import Limits
from lading.store.build.sandbox import Sandbox
sandbox = Sandbox(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), ())
try:
    with open(sys.argv[4] + "/log", "wb") as log:
        print("status", sandbox.run(["/bin/bash", "-c", "exit 3"], {}, log, Limits()))
except LadingError as error:
    print(error)
"""


def run_restricted(shell: Shell, limit: int) -> str:
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


def test_a_machine_without_namespaces_is_told_the_setting(shell: Shell) -> None:
    assert run_restricted(shell, 100) == "status 3\n"
    sentence = run_restricted(shell, 0)
    assert sentence.startswith("the build sandbox can't be made (bwrap: ")
    assert sentence.endswith(
        ", since user.max_user_namespaces is 0: install the package bubblewrap, or run `sysctl -w "
        "user.max_user_namespaces=15000` as root.\n"
    )


def test_a_bubblewrap_that_is_too_old_is_told(shell: Shell, tmp_path: Path) -> None:
    old = tmp_path / "bwrap"
    old.write_text("#!/bin/sh\necho bwrap: Unknown option --json-status-fd >&2; exit 1\n")
    old.chmod(0o755)
    with pytest.raises(LadingError, match=r"too old. Install version 0.4 or newer, or remove it"):
        Shell(replace(shell.sandbox, bubblewrap=str(old))).run(["/bin/bash"])


def test_another_failure_is_told_with_what_containers_need(shell: Shell, tmp_path: Path) -> None:
    broken = Shell(replace(shell.sandbox, dependencies=((LIBRARY, tmp_path / "missing"),)))
    with pytest.raises(LadingError) as raised:
        broken.run(["/bin/bash"])
    assert str(raised.value).startswith("the build sandbox can't be made (bwrap: Can't find source")
    assert "docker: `--security-opt seccomp=unconfined" in str(raised.value)


def test_the_machines_bubblewrap_comes_before_the_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sandbox, "HOST_BUBBLEWRAPS", ("missing", str(tmp_path / "host")))
    with pytest.raises(LadingError, match="install the package bubblewrap"):
        find_bubblewrap()
    bundled = tmp_path / sandbox.BUNDLED_BUBBLEWRAP
    bundled.parent.mkdir(parents=True)
    bundled.touch()
    assert find_bubblewrap() == str(bundled)
    (tmp_path / "host").touch()
    assert find_bubblewrap() == str(tmp_path / "host")


def test_more_packages_than_bubblewrap_takes_are_an_error(shell: Shell, tmp_path: Path) -> None:
    many = tuple((StorePath(f"{number:032}", "x"), tmp_path) for number in range(3000))
    crowded = Shell(replace(shell.sandbox, dependencies=many))
    with pytest.raises(LadingError) as raised:
        crowded.run(["/bin/bash"])
    assert str(raised.value) == (
        "a build that sees 3000 packages and has 1 variable is more than bubblewrap accepts: let "
        "it depend on fewer packages, or set fewer variables in `env`."
    )
