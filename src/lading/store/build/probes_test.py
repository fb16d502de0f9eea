"""Tries in a real build what a build may not do: as whoever runs the tests, and, if that is root,
as an ordinary user too."""

import ctypes
import hashlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Tuple

import pytest

from lading.namespaces.build_user import BUILD_USER
from lading.namespaces.limits import LIMITS_DIR
from lading.namespaces.seccomp import FORBIDDEN
from lading.runtime.program_files import program_files
from lading.store.build import probes_testing
from lading.store.build.bubblewrap import BUNDLED_BUBBLEWRAP
from lading.store.build.chosen_sandbox import SANDBOX_FILE, SandboxKind
from lading.store.build.host_programs_testing import install_bubblewrap, make_programs_deb
from lading.store.build.probes_testing import CHROOT_PROBES, PROBES
from lading.store.request import RealiseRequest
from lading.store.source import RequestedSource
from lading.values.json_codec import to_json
from lading.values.path import StorePath

OUT = StorePath("0" * 32, "probes-1")

ORDINARY = {"user": 65534, "group": 65534, "extra_groups": []}

#: Options of `subprocess`, and whether builds run in a chroot.
CALLERS: Mapping[str, Tuple[Mapping[str, Any], bool]] = {
    "who runs the tests": ({}, False),
    **(
        {}
        if os.getuid()
        else {"an ordinary user": (ORDINARY, False), "root without namespaces": ({}, True)}
    ),
}

#: An arbitrary user id.
STRANGER = 54321

_MACHINE = os.uname().machine
_COLUMN = ("x86_64", "aarch64").index(_MACHINE)
_CALLS: Dict[str, int] = {
    **{name: numbers[_COLUMN] or -1 for name, numbers in FORBIDDEN.items()},
    "clone": (56, 220)[_COLUMN],
    "clone3": 435,
    "ptrace": (101, 117)[_COLUMN],
    "process_vm_readv": (310, 270)[_COLUMN],
    "personality": (135, 92)[_COLUMN],
    "future": 1000,
}

# Prints the files of a program, without running it.
_LIST_IMPORTS = """
import runpy, sys
runpy.run_path(sys.argv[1])
print(*{file for file in (getattr(module, "__file__", None) for module in sys.modules.values())
        if file}, sep="\\n")
"""


def public_python() -> str:
    """A Python below /usr, as in a build root, that any user may run."""
    for path in (os.path.realpath(sys.executable), os.path.realpath("/usr/bin/python3")):
        if path.startswith("/usr/") and os.path.exists(path):
            return path
    raise AssertionError("install python3: a build of these tests runs Python")


@pytest.fixture(scope="module")
def root_deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build root that can run the probes."""
    python = public_python()
    listed = subprocess.run(
        [python, "-I", "-S", "-B", "-c", _LIST_IMPORTS, probes_testing.__file__],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    files = [Path(python), *(Path(line) for line in listed.stdout.splitlines() if line[0] == "/")]
    below_usr = [file for file in files if file.parts[1] == "usr"]
    path = tmp_path_factory.mktemp("deb") / "programs.deb"
    return make_programs_deb(path, further_files=below_usr)


@dataclass
class ProbedBuild:
    """A build of the probes, with what Pants would put into its directory."""

    directory: Path
    user: Mapping[str, Any]
    deb: Path
    in_chroot: bool

    @property
    def root(self) -> Path:
        """What lies at / in the build."""
        return self.directory / "work" / ("root" if self.in_chroot else "")

    def lay_out(self, given: Mapping[str, object]) -> None:
        install_bubblewrap(self.directory / Path(BUNDLED_BUBBLEWRAP).parent)
        (self.directory / ".lading" / "cache").mkdir()
        kind = SandboxKind.CHROOT if self.in_chroot else SandboxKind.AUTO
        (self.directory / LIMITS_DIR).mkdir()
        (self.directory / LIMITS_DIR / SANDBOX_FILE).write_text(kind.value)
        shutil.copy(self.deb, self.directory / "programs.deb")
        shutil.copy(probes_testing.__file__, self.directory / "probes.py")
        for name, content in program_files("lading.store.build.realise").items():
            (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
            (self.directory / name).write_bytes(content)
        probe = f"{public_python()} -I -S -B probes.py {shlex.quote(json.dumps(given))}"
        request = RealiseRequest(
            path=OUT,
            script=probe,
            env={},
            strip="none",
            source=RequestedSource("probes.py", "probes.py"),
            further_sources=(),
            patches=(),
            inputs=(),
            debs={hashlib.sha256(self.deb.read_bytes()).hexdigest(): "programs.deb"},
            alternatives={},
        )
        (self.directory / "request.json").write_text(to_json(request))
        owner = self.user.get("user", os.getuid())
        for path in (self.directory, *self.directory.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)
        os.chmod(self.directory, 0o755)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Until the block ends, the build waits in the last of its probes."""
        with subprocess.Popen(
            [public_python(), "-B", "-m", "lading.store.build.realise", "request.json"],
            cwd=self.directory,
            env={"PYTHONPATH": str(self.directory)},
            stderr=subprocess.PIPE,
            preexec_fn=_have_a_key,
            **self.user,
        ) as process:
            build = self.root / "build"
            end = time.monotonic() + 60
            while not (build / "ready").exists() and process.poll() is None:
                assert time.monotonic() < end, "the probes take too long"
                time.sleep(0.02)
            if process.poll() is None:
                yield
                (build / "go").touch()
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr.decode()

    @property
    def setuid_file(self) -> Path:
        return self.root / "store" / OUT.base / "setuid"

    def answers(self) -> Mapping[str, object]:
        with tarfile.open(self.directory / "segment.tar", "r:") as segment:
            answers = segment.extractfile(f"store/{OUT.base}/answers")
            assert answers
            found: Mapping[str, object] = json.load(answers)
            return found


def _have_a_key() -> None:
    """In a new session keyring, rather than that of whoever runs the tests."""
    syscall = ctypes.CDLL(None).syscall
    syscall(_CALLS["keyctl"], 1, None)
    syscall(_CALLS["add_key"], b"user", b"lading-probe", b"secret", 6, -3)


def _expected(answer: object, expectation: object) -> bool:
    if callable(expectation):
        return bool(expectation(answer))
    return answer in expectation if isinstance(expectation, frozenset) else answer == expectation


@pytest.mark.parametrize(("user", "in_chroot"), CALLERS.values(), ids=CALLERS)
def test_a_build_can_do_nothing_to_the_machine(
    user: Mapping[str, Any], in_chroot: bool, root_deb: Path
) -> None:
    settings = [Path("/proc/sys", name) for name in ("kernel/core_pattern", "vm/swappiness")]
    before = [setting.read_text() for setting in settings], _devices()
    with tempfile.TemporaryDirectory() as temporary, socket.socket(socket.AF_UNIX) as server:
        os.chmod(temporary, 0o755)
        server.bind("\0lading-probes")
        server.listen()
        build = ProbedBuild(Path(temporary, "pants-sandbox"), user, root_deb, in_chroot)
        build.directory.mkdir()
        build.lay_out(
            {
                "calls": _CALLS,
                "chroot": in_chroot,
                "out": str(OUT),
                "process": os.getpid(),
                "socket": "lading-probes",
            }
        )
        with build.running():
            found = build.setuid_file.stat()
            assert found.st_mode & 0o7777 == 0o4755
            # The user that runs it; builds of root don't run as root.
            if in_chroot:
                assert found.st_uid > BUILD_USER
            else:
                assert found.st_uid == (user.get("user", os.getuid()) or BUILD_USER)
            seen = _seen_by_a_stranger(build.setuid_file)
        answers = build.answers()
    probes = CHROOT_PROBES if in_chroot else PROBES
    assert answers.keys() == probes.keys()
    wrong = {
        name: answers[name]
        for name, (_, expectation) in probes.items()
        if not _expected(answers[name], expectation)
    }
    assert wrong == {}
    assert not seen
    assert before == ([setting.read_text() for setting in settings], _devices())


def _devices() -> Mapping[str, object]:
    names = ("full", "null", "random", "tty", "urandom", "zero")
    found = {name: os.stat(f"/dev/{name}") for name in names}
    return {name: (one.st_mode, one.st_uid, one.st_gid) for name, one in found.items()}


def _seen_by_a_stranger(file: Path) -> bool:
    """Only root can try as another user; for others the modes are checked."""
    if os.getuid():
        return any(parent.stat().st_mode & 63 != 0 for parent in list(file.parents)[2:4])
    status = subprocess.run(
        ["test", "-e", file], user=STRANGER, group=STRANGER, extra_groups=[], check=False
    )
    return status.returncode == 0
