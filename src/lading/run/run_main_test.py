"""Images without an engine: the real program with real layers. The end-to-end tests use engines,
except for their failures (engine_test.py)."""

import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

import pytest

from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.engines.container_engine import Engine
from lading.image.config.config import ImageConfig
from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.image.manifest import Image
from lading.image.programs.archive_request import LayerFiles
from lading.image.programs.run_as_root_testing import (
    Account,
    directory,
    layer,
    member,
    programs_layer,
    python,
    scratch_user,
)
from lading.run.loadable_image import ImageRunRequest
from lading.runtime.program_files import program_files
from lading.values.digest import Sha256
from lading.values.json_codec import from_json, to_json

MODULE = "lading.run.run_main"

PROGRAMS = programs_layer()
UPPER = layer(
    member("etc/passwd", b"root:x:0:0::/root:/bin/sh\nredis:x:999:998::/data:/bin/sh\n"),
    member("etc/group", b"root:x:0:\nredis:x:998:\nmore:x:33:redis\n"),
    directory("data", 0o750, (999, 998)),
    member("entry", b'#!/bin/sh\necho "entry: $*"\nexec "$@"\n', mode=0o755),
    compressed=True,
)
FIELDS = {"entrypoint": ("/entry",), "cmd": ("id",), "env": (("A", "a"),), "user": "999:998"}


class Program:
    """Runs the program as `account`. Its sandboxes and its remains are in `parent`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.parent = Path(tempfile.mkdtemp())
        self.parent.chmod(0o711)
        self.temporary = self.parent / "tmp"
        self.temporary.mkdir()
        os.chown(self.temporary, account.uid, account.gid)

    def run(self, *arguments: str, **fields: Any) -> "subprocess.CompletedProcess[str]":
        """`fields` of the image's config that differ from most tests."""
        process = self.start(*arguments, **fields)
        stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess((), process.returncode, stdout, stderr)

    def start(
        self, *arguments: str, terminal: Optional[int] = None, **fields: Any
    ) -> "subprocess.Popen[str]":
        """In its own session, which `terminal` does not control, as Pants does it."""
        sandbox = self._sandbox({**FIELDS, **fields})

        def become_user() -> None:
            os.umask(0o077)
            if os.getuid() != self._account.uid:
                os.setgroups([])
                os.setgid(self._account.gid)
                os.setuid(self._account.uid)

        argv = [python(), "-B", "-m", MODULE, str(sandbox), "run.json", "[]", *arguments]
        return subprocess.Popen(
            argv,
            cwd=sandbox,
            env={"TMPDIR": str(self.temporary), "SECRET": "1", "TERM": "vt100"},
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            encoding="utf-8",
            preexec_fn=become_user,
            start_new_session=True,
        )

    def leftovers(self) -> List[Path]:
        return list(self.temporary.iterdir())

    def remove(self) -> None:
        shutil.rmtree(self.parent)

    def _sandbox(self, fields: Any) -> Path:
        sandbox = Path(tempfile.mkdtemp(dir=self.parent))
        sandbox.chmod(0o755)
        for name, content in program_files(MODULE).items():
            (sandbox / name).parent.mkdir(parents=True, exist_ok=True)
            (sandbox / name).write_bytes(content)
        layers = []
        for number, blob in enumerate((PROGRAMS, UPPER)):
            # Namespaces do not check diff ids.
            layers.append(
                Layer(Sha256.of(blob), Sha256.of(b""), len(blob), GZIP_MEDIA_TYPE, "test", 0)
            )
            (sandbox / f"{number}.blob").write_bytes(blob)
            (sandbox / f"{number}.json").write_text(to_json(layers[-1]))
        config = ImageConfig(Platform("linux", "amd64"), **fields)
        image = Image.build(config.platform, config.to_bytes(layers), layers)
        (sandbox / "config.json").write_bytes(image.config)
        (sandbox / "manifest.json").write_bytes(image.manifest)
        request = ImageRunRequest(
            engine=Engine.NONE,
            config="config.json",
            manifest="manifest.json",
            tags=("test:1",),
            layers=tuple(LayerFiles(f"{number}.blob", f"{number}.json") for number in range(2)),
            libzstd="libzstd",
        )
        assert from_json(ImageRunRequest, to_json(request)) == request
        (sandbox / "run.json").write_text(to_json(request))
        return sandbox


@pytest.fixture(scope="module", params=["root", "user"])
def account(request: Any) -> Iterator[Account]:
    """Root, and an ordinary user with subordinate ids: whoever runs the tests, or a new one if that
    is root."""
    if request.param == "root" or os.getuid():
        yield Account.current()
    else:
        yield from scratch_user(f"lading-run-{os.getpid()}")


@pytest.fixture
def program(account: Account) -> Iterator[Program]:
    program = Program(account)
    yield program
    left = program.leftovers()
    program.remove()
    assert left == []


def test_without_arguments_the_cmd_is_run(program: Program) -> None:
    finished = program.run()
    identity = "uid=999(redis) gid=998(redis) groups=998(redis)"
    assert finished.stdout == f"entry: id\n{identity}\n", finished.stderr


def test_arguments_take_the_place_of_the_cmd_and_the_status_is_passed_on(program: Program) -> None:
    finished = program.run("sh", "-c", "echo $0 $A $HOME $TERM $SECRET; pwd; exit 7", "x y")
    assert finished.stdout == "entry: sh -c " + (
        "echo $0 $A $HOME $TERM $SECRET; pwd; exit 7 x y\nx y a /data vt100\n/\n"
    )
    assert finished.returncode == 7


def test_other_groups_of_the_user_count_if_no_group_is_named(program: Program) -> None:
    finished = program.run("id", "-G", user="999", entrypoint=())
    assert finished.stdout == "998 33\n", finished.stderr


def test_the_image_can_be_changed_and_its_directories_are_made(program: Program) -> None:
    script = "pwd; echo 1 > /data/x; echo 2 > file; ls /data /work/a /vol; id -u; cat /etc/hosts"
    finished = program.run(
        *("sh", "-c", script), user="", entrypoint=(), working_dir="/work/a", volumes=("/vol",)
    )
    hosts = Path("/etc/hosts").read_text()
    assert finished.stdout == f"/work/a\n/data:\nx\n\n/vol:\n\n/work/a:\nfile\n0\n{hosts}"


@pytest.mark.parametrize(
    "arguments, fields, sentence",
    [
        (
            (),
            {"entrypoint": (), "cmd": ()},
            "the image has neither `entrypoint` nor `cmd`: name a program after `--`.",
        ),
        (
            ("none",),
            {"entrypoint": ()},
            "none can't be run in the image (No such file or directory; PATH is "
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin): name a program that it "
            "has.",
        ),
        (
            ("id",),
            {"user": "nobody"},
            "there is no user 'nobody' in the image's /etc/passwd, so nothing can run as that "
            "user.",
        ),
        (
            ("id",),
            {"volumes": ("/entry/x",)},
            "the image's working directory or volume /entry/x can't be made (Not a directory): "
            "leave out the file of the image that is in the way.",
        ),
    ],
)
def test_what_cannot_be_run(
    arguments: Tuple[str, ...], fields: Any, sentence: str, program: Program
) -> None:
    finished = program.run(*arguments, **fields)
    assert (finished.returncode, finished.stderr) == (65, f"lading: error: {sentence}\n")


def test_ctrl_c_is_for_the_program_in_the_image(program: Program) -> None:
    script = "trap 'echo stopped; exit 42' INT; echo ready; while :; do sleep 0.05; done"
    process = program.start("bash", "-c", script, entrypoint=())
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (42, "stopped\n"), stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("everybody", [False, True])
def test_nothing_is_left_when_it_is_killed(
    everybody: bool, number: signal.Signals, program: Program
) -> None:
    script = "trap '' TERM; echo ready; while :; do echo 1 > /data/x$RANDOM; done"
    process = program.start("bash", "-c", script, entrypoint=())
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    (os.killpg if everybody else os.kill)(process.pid, number)
    process.communicate(timeout=60)  # all writers have ended
    assert process.returncode == -number
    deadline = time.monotonic() + 30
    while program.leftovers() and time.monotonic() < deadline:
        time.sleep(0.02)


class Typist:
    """Somebody at a terminal."""

    def __init__(self, master: int) -> None:
        self._master = master

    def type(self, text: str, answer: str) -> None:
        """Type it, and wait for the answer."""
        os.write(self._master, text.encode())
        shown = b""
        deadline = time.monotonic() + 30
        while answer.encode() not in shown:
            assert time.monotonic() < deadline, shown
            if select.select([self._master], (), (), 0.1)[0]:
                shown += os.read(self._master, 1 << 16)


def test_a_shell_has_a_terminal_of_its_own(program: Program) -> None:
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 33, 77, 0, 0))
    before = termios.tcgetattr(slave)
    process = program.start("bash", "--norc", terminal=slave, entrypoint=(), env=(("PS1", "$ "),))
    typist = Typist(master)
    typist.type("", "$ ")
    typist.type("shopt -s checkwinsize; (true); echo $LINES x $COLUMNS\n", "\r\n33 x 77\r\n$ ")
    typist.type("ls /dev/pts; stat -c %u /dev/pts/0\n", "\r\n0  ptmx\r\n999\r\n$ ")
    # Only for the program in the foreground; the shell then continues.
    typist.type("echo wait; sleep 100\n", "\r\nwait\r\n")
    time.sleep(0.2)
    typist.type("\x03", "$ ")
    typist.type("echo $?\n", "\r\n130\r\n$ ")
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 20, 60, 0, 0))
    time.sleep(1)
    typist.type("(true); echo $LINES x $COLUMNS\n", "\r\n20 x 60\r\n$ ")
    typist.type("exit 5\n", "exit\r\n")
    assert process.wait(timeout=60) == 5
    assert termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)


def test_a_terminal_that_goes_away_ends_it(program: Program) -> None:
    master, slave = os.openpty()
    process = program.start("bash", "--norc", terminal=slave, entrypoint=(), env=(("PS1", "$ "),))
    Typist(master).type("", "$ ")
    os.close(slave)
    os.close(master)
    assert process.wait(timeout=60) == 128 + signal.SIGHUP
