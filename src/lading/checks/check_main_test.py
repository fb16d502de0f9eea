"""The real program with real layers."""

import json
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence
from xml.etree import ElementTree

import pytest

from lading.checks.absence_check import AbsenceCheck
from lading.checks.check_main import CheckRequest
from lading.checks.checks import Checks
from lading.checks.command_check import CommandCheck
from lading.checks.config_check import parse_config
from lading.checks.file_check import FileCheck
from lading.checks.license_check import LicenseCheck
from lading.checks.size_check import SizeCheck
from lading.engines.container_engine import Engine
from lading.image.programs.run_as_root_testing import (
    Account,
    directory,
    layer,
    member,
    programs_layer,
    python,
    scratch_user,
)
from lading.runtime.program_files import program_files
from lading.values.json_codec import to_json

MODULE = "lading.checks.check_main"

PROGRAMS = programs_layer()
UPPER = layer(
    member("etc/passwd", b"root:x:0:0::/root:/bin/sh\nredis:x:999:998::/data:/bin/sh\n"),
    member("etc/group", b"root:x:0:\nredis:x:998:\nmore:x:33:redis\n"),
    directory("data", 0o750, (999, 998)),
    member("entry", b'#!/bin/sh\necho "entry: $*"\nexec "$@"\n', mode=0o755),
    member("broken", b"#!/none\n", mode=0o755),
    member("plain", b"x"),
    compressed=True,
)
CONFIG = {"Entrypoint": ["/entry"], "Cmd": ["id"], "Env": ["PATH=/bin", "A=a"], "User": "redis"}


@dataclass(frozen=True)
class Report:
    status: int
    text: str
    stderr: str
    directory: Path


def run_in(sandbox: Path, account: Optional[Account] = None) -> Report:
    """As the account, unless the tests already run as that user."""

    def become_user() -> None:
        if account and os.getuid() != account.uid:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)

    if account:
        for path in (sandbox, *sandbox.rglob("*")):
            os.chown(path, account.uid, account.gid)
    finished = subprocess.run(
        [python(), "-B", "-m", MODULE, "request.json", "libzstd", "junit.xml"],
        cwd=sandbox,
        env={"PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
        preexec_fn=become_user,
    )
    assert not (sandbox / "work/root").exists()
    stderr = finished.stderr.decode()
    return Report(finished.returncode, finished.stdout.decode(), stderr, sandbox)


class Program:
    """Runs the program in new directories."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent

    def run(self, checks: Checks, config: Mapping[str, Any] = CONFIG, **fields: Any) -> Report:
        """`fields` are the fields of the request that differ from most tests."""
        layers = fields.pop("layers", [PROGRAMS, UPPER])
        return run_in(self.sandbox(checks, config, layers, fields))

    def commands(self, *commands: Dict[str, Any], **fields: Any) -> List[str]:
        """The report about these commands, line by line; they need no entrypoint."""
        report = self.run(Checks(commands=tuple(map(CommandCheck.parse, commands))), **fields)
        assert report.stderr == ""
        return report.text.splitlines()

    def sandbox(
        self,
        checks: Checks,
        config: Mapping[str, Any],
        layers: Sequence[bytes],
        fields: Mapping[str, Any],
    ) -> Path:
        sandbox = Path(tempfile.mkdtemp(dir=self._parent))
        for name, content in program_files(MODULE).items():
            (sandbox / name).parent.mkdir(parents=True, exist_ok=True)
            (sandbox / name).write_bytes(content)
        for number, content in enumerate(layers):
            (sandbox / f"layer-{number}").write_bytes(content)
        (sandbox / "config.json").write_text(json.dumps({"config": config}))
        (sandbox / "request.json").write_text(
            to_json(
                replace(
                    CheckRequest(
                        name="a:test",
                        checks=checks,
                        config="config.json",
                        layers=tuple(f"layer-{number}" for number in range(len(layers))),
                        compressed_size=sum(map(len, layers)),
                        closure=(),
                        engine=Engine.NONE,
                        archive="",
                        ids=(),
                        timeout=60,
                    ),
                    **fields,
                )
            )
        )
        return sandbox


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o711)
        yield Program(Path(parent))


@pytest.fixture(scope="module")
def ordinary_user() -> Iterator[Account]:
    """A user with subordinate ids: whoever runs the tests, or a new one if that is root."""
    if os.getuid():
        yield Account.current()
    else:
        yield from scratch_user(f"lading-structure-{os.getpid()}"[:31])


def test_all_kinds_of_checks_pass(program: Program) -> None:
    checks = Checks(
        commands=(CommandCheck.parse({"args": ["id", "-u"], "stdout": "^entry: id -u\n999$"}),),
        files=(
            FileCheck.parse("/data", {"owner": "redis:redis", "mode": "0750"}),
            FileCheck.parse("/etc/passwd", {"contains": "^redis:"}),
        ),
        config=parse_config({"user": "999:998", "cmd": ["id"]}),
        licenses=(LicenseCheck(False, ("/plain",)),),
        absent=(AbsenceCheck("gcc", ""),),
        unpacked=(SizeCheck("max_size", 1 << 30),),
        compressed=(SizeCheck("max_compressed_size", 1 << 30),),
    )
    report = program.run(checks, {**CONFIG, "User": "999:998"})
    assert (report.stderr, report.status) == ("", 0)
    assert report.text.splitlines()[::9] == ["✓ command [entrypoint] id -u", "9 checks passed."]
    root = ElementTree.parse(str(report.directory / "junit.xml")).getroot()
    assert (root.attrib["name"], root.attrib["tests"], root.attrib["failures"]) == (
        *("a:test", "9", "0"),
    )


def test_a_failure_is_a_status_and_not_a_mistake(program: Program) -> None:
    checks = Checks(
        files=(FileCheck.parse("/data", None),),
        unpacked=(SizeCheck("max_size", 1),),
        compressed=(SizeCheck("max_compressed_size", 1),),
    )
    report = program.run(checks, layers=[UPPER])
    assert (report.stderr, report.status) == ("", 1)
    assert report.text.startswith(
        "✗ file /data\n  exists: expected no, actual a directory\n✗ max_size\n"
    )
    assert report.text.endswith("3 of 3 checks failed.\n")
    root = ElementTree.parse(str(report.directory / "junit.xml")).getroot()
    assert root.attrib["failures"] == "3"


def test_without_layers_what_needs_none_is_checked(program: Program) -> None:
    report = program.run(Checks(config=parse_config({"cmd": ["id"]})), layers=[])
    assert (report.status, report.text) == (0, "✓ config cmd\n1 check passed.\n")


def test_commands_find_what_a_container_would(program: Program) -> None:
    sh, bash = ["sh", "-c"], ["bash", "-c"]
    lines = program.commands(
        {"run": ["id"], "stdout": [r"^uid=999\(redis\) gid=998\(redis\)", r",33\(more\)$"]},
        {"run": [*sh, "echo $A $B $HOME $PATH"], "env": {"B": "b"}, "stdout": "^a b /data /bin$"},
        {"run": ["id", "-u"], "user": "0", "stdout": "^0$"},
        {"run": [*sh, "pwd; ls -d /made"], "working_dir": "/made/here", "stdout": "^/made/here$"},
        {"run": ["cat"], "stdin": "text", "stdout": "^text$"},
        {"run": [*sh, "echo out; echo err >&2; exit 7"], "exit_code": 7, "stderr_lacks": "out"},
        {"run": [*sh, "cat /etc/hosts; hostname"], "stdout": ["^127.0.0.1 localhost", "^lading$"]},
        {"run": [*bash, ": < /dev/tcp/127.0.0.1/1"], "exit_code": 1, "stderr": "refused"},
        {"run": [*bash, ": < /dev/tcp/10.0.0.1/1"], "exit_code": 1, "stderr": "unreachable"},
        {"run": [*sh, "echo x > /dev/null; ls /proc/self /volume"]},
        {"run": [*sh, "kill -9 $$"], "exit_code": 137},
        config={**CONFIG, "Volumes": {"/volume": {}}},
    )
    assert lines[-1] == "11 checks passed.", lines


def test_each_command_starts_from_the_image(program: Program) -> None:
    lines = program.commands(
        {"run": ["sh", "-c", "rm /plain; echo 1 > /new; chmod 700 /data"], "user": "0"},
        {"run": ["ls", "-d", "/plain"]},
        {"run": ["ls", "/new"], "exit_code": 2, "stderr": "No such file"},
        {"run": ["stat", "-c", "%a", "/data"], "stdout": "^750$"},
    )
    assert lines[-1] == "4 checks passed.", lines


def test_without_overlays_too(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = Checks(
        commands=tuple(
            CommandCheck.parse(command)
            for command in (
                {"run": ["sh", "-c", "rm /plain; echo 1 > /new"], "user": "0"},
                {"run": ["ls", "-d", "/plain"]},
                {"run": ["ls", "/new"], "exit_code": 2},
            )
        )
    )
    sandbox = program.sandbox(checks, CONFIG, [PROGRAMS, UPPER], {})
    file = sandbox / "lading/checks/namespace_run.py"
    file.write_text(file.read_text().replace('linux.mount("overlay"', 'linux.mount("no-overlay"'))
    report = run_in(sandbox)
    assert report.text.endswith("3 checks passed.\n"), report


def test_devices_of_the_image_are_there_for_each_command(program: Program) -> None:
    info, content = member("data/null", type=tarfile.CHRTYPE, mode=0o666)
    info.devmajor, info.devminor = 1, 3
    commands = (
        {"run": ["stat", "-c", "%F %a", "/data/null"], "stdout": "^character special file 666$"},
        {"run": ["sh", "-c", "echo x > /data/null"], "exit_code": 2, "stderr": "No such device"},
        {"run": ["rm", "/data/null"]},
        {"run": ["ls", "/data/null"]},
    )
    layers = [PROGRAMS, UPPER, layer((info, content))]
    report = program.run(
        Checks(
            commands=tuple(map(CommandCheck.parse, commands)),
            files=(FileCheck.parse("/data/null", {"type": "character device", "mode": "0666"}),),
        ),
        layers=layers,
    )
    assert report.text.endswith("5 checks passed.\n"), report


def test_an_ordinary_user_sees_the_same(program: Program, ordinary_user: Account) -> None:
    checks = Checks(
        commands=tuple(
            CommandCheck.parse(command)
            for command in (
                {"run": ["id"], "stdout": r"^uid=999\(redis\) gid=998\(redis\)"},
                {"run": ["sh", "-c", "rm /plain; chown redis /entry"], "user": "0"},
                {
                    "run": ["stat", "-c", "%u %a", "/entry", "/data"],
                    "stdout": ["^0 755$", "^999 750$"],
                },
                {"run": ["touch", "/data/x"]},
                {"run": ["touch", "/x"], "exit_code": 1, "stderr": "Permission denied"},
            )
        )
    )
    report = run_in(program.sandbox(checks, CONFIG, [PROGRAMS, UPPER], {}), ordinary_user)
    assert (report.stderr, report.text[-17:]) == ("", "5 checks passed.\n")


def test_setup_goes_before_in_the_same_place(program: Program) -> None:
    check = CommandCheck(
        name="x",
        words=("cat", "/new"),
        user="0",
        setup=(("sh", "-c", "echo made > /new; echo text"), ("false",), ("nothing",)),
    )
    report = program.run(Checks(commands=(check,)))
    assert report.text == "✓ command x\n1 check passed.\n"
    report = program.run(Checks(commands=(replace(check, exit_code=1),)))
    assert report.text.splitlines()[1:-1] == [
        "  exit_code: expected 1, actual 0",
        "  its stdout:",
        "      made",
        "  before, in setup, `false`: false can't be run: No such file or directory (PATH is /bin)",
        "  before, in setup, `nothing`: nothing can't be run: No such file or directory (PATH is "
        "/bin)",
    ]


@pytest.mark.parametrize(
    "command, config, problem",
    [
        ({"run": ["no"]}, {}, "no can't be run: No such file or directory (PATH is /usr/local/"),
        ({"run": ["/broken"]}, {}, "/broken can't be run: No such file or directory (PATH is /usr"),
        ({"run": ["/plain"]}, {}, "/plain can't be run: Permission denied (PATH is /usr/local/sb"),
        (
            {"run": ["id"], "working_dir": "/plain/x"},
            {},
            "the image has no place for /plain/x: Not",
        ),
        (
            {"run": ["id"]},
            {"Volumes": {"/plain": {}}},
            "the image has no place for /plain: File ex",
        ),
        ({"args": []}, {}, "the image has neither an entrypoint nor a command"),
        ({"run": ["id"], "user": "mysql"}, {}, "there is no user 'mysql' in the image's /etc/p"),
        ({"run": ["id"]}, {"User": "0:mysql"}, "there is no group 'mysql' in the image's /etc/g"),
    ],
)
def test_what_can_not_be_run(
    command: Dict[str, Any], config: Dict[str, Any], problem: str, program: Program
) -> None:
    lines = program.commands(command, config=config)
    assert lines[1].startswith(f"  {problem}"), lines
    assert lines[2:] == ["1 of 1 check failed."]


def test_time_is_over_for_all_commands_together(program: Program) -> None:
    lines = program.commands(
        {"run": ["sh", "-c", "echo begun; sleep 100 & sleep 100"]}, {"run": ["id"]}, timeout=1
    )
    assert lines == [
        "✗ command sh -c 'echo begun; sleep 100 & sleep 100'",
        "  it was still running when the time that `timeout` gives was over",
        "  its stdout:",
        "      begun",
        "✗ command id",
        "  it was not started, since the time that `timeout` gives was over",
        "2 of 2 checks failed.",
    ]


def test_a_command_that_prints_too_much_is_ended(program: Program) -> None:
    commands = ({"run": ["sh", "-c", "while true; do ls -l /bin; done"]},)
    sandbox = program.sandbox(
        Checks(commands=tuple(map(CommandCheck.parse, commands))), CONFIG, [PROGRAMS, UPPER], {}
    )
    file = sandbox / "lading/checks/namespace_run.py"
    file.write_text(file.read_text().replace("_MAX_OUTPUT = 64 << 20", "_MAX_OUTPUT = 50_000"))
    text = run_in(sandbox).text
    assert text.splitlines()[1] == "  it printed more than 50,000 bytes, and was stopped"


def test_a_user_without_rights_is_told_what_to_do(program: Program) -> None:
    sandbox = program.sandbox(
        Checks(commands=(CommandCheck.parse({"run": ["id"]}),)), CONFIG, [PROGRAMS, UPPER], {}
    )
    # As if this user had no newuidmap.
    file = sandbox / "lading/namespaces/user_namespace.py"
    file.write_text(
        file.read_text()
        .replace("os.geteuid() == 0", "False")
        .replace("_DIRECTORIES = ", "_DIRECTORIES = '/none' or ")
    )
    report = run_in(sandbox)
    assert (report.status, report.text) == (65, "")
    assert report.stderr == (
        "lading: error: commands in an image need newuidmap, which is not on this machine: "
        'install the package uidmap. Or set `engine` to "docker" or "podman", if this machine '
        "has one.\n"
    )
