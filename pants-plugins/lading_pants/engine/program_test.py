from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Mapping

import pytest
from pants.engine.fs import EMPTY_DIGEST, EMPTY_FILE_DIGEST, CreateDigest, Digest, MergeDigests
from pants.engine.platform import Platform
from pants.engine.process import (
    FallibleProcessResult,
    Process,
    ProcessExecutionEnvironment,
    ProcessResultMetadata,
)
from pants.testutil.rule_runner import MockGet, run_rule_with_mocks
from pants.util.frozendict import FrozenDict

from lading.runtime import program_files
from lading.runtime.machine import MACHINE_DIR
from lading_pants.engine.machine import MachineCache
from lading_pants.engine.program import (
    ProgramDigest,
    ProgramDigestRequest,
    ProgramProcess,
    ProgramRequest,
    ProgramResult,
    program_process,
    run_program,
)
from lading_pants.errors import TargetError

SUBJECT = "`store_package` //a:b"

REQUEST = ProgramRequest(
    module="lading.fetch.fetch_main",
    request='{"x": 1}',
    arguments=("fetched",),
    inputs=EMPTY_DIGEST,
    description="Fetching x",
    subject=SUBJECT,
    output_directories=("fetched",),
    append_only_caches=FrozenDict({"more": ".lading/more"}),
)


LOCAL = ProcessExecutionEnvironment(
    environment_name=None,
    platform=Platform.linux_x86_64.value,
    docker_image=None,
    remote_execution=False,
    remote_execution_extra_platform_properties=[],
)


def run(
    status: int = 0, stderr: str = "", cache: str = "lading_machine_a"
) -> tuple[ProgramResult, Process]:
    """The rule's result if the process ends like this, and the process."""
    processes: list[Process] = []

    def finish(process: Process) -> FallibleProcessResult:
        processes.append(process)
        return FallibleProcessResult(
            stdout=b"",
            stdout_digest=EMPTY_FILE_DIGEST,
            stderr=stderr.encode(),
            stderr_digest=EMPTY_FILE_DIGEST,
            exit_code=status,
            output_digest=EMPTY_DIGEST,
            metadata=ProcessResultMetadata(0, LOCAL, "ran", 0),
        )

    mocks: list[MockGet[Any]] = [
        MockGet(ProgramProcess, (ProgramRequest,), lambda request: _process(request, cache)),
        MockGet(FallibleProcessResult, (Process,), finish),
    ]
    return run_rule_with_mocks(run_program, rule_args=[REQUEST], mock_gets=mocks), processes[0]


def _process(request: ProgramRequest, cache: str) -> ProgramProcess:
    mocks: list[MockGet[Any]] = [
        MockGet(ProgramDigest, (ProgramDigestRequest,), lambda _: ProgramDigest(EMPTY_DIGEST)),
        MockGet(MachineCache, (), lambda: MachineCache(cache)),
        MockGet(Digest, (CreateDigest,), lambda _: EMPTY_DIGEST),
        MockGet(Digest, (MergeDigests,), lambda _: EMPTY_DIGEST),
    ]
    process: ProgramProcess = run_rule_with_mocks(
        program_process, rule_args=[request], mock_gets=mocks
    )
    return process


def test_nothing_of_the_machine_is_in_the_cache_key() -> None:
    """A process's key covers everything but its description, its caches and its delay."""
    _, process = run()
    shell, *arguments = process.argv
    assert shell == "/bin/sh"
    assert arguments[0] == "-c"
    assert arguments[2:] == ["sh", "lading.fetch.fetch_main", "request.json", "fetched"]
    # Where to look for python3 on unknown machines.
    absolute_paths = set(re.findall(r"(?<![\w.])/[\w./-]+", arguments[1]))
    assert absolute_paths == {"/usr/local/bin", "/usr/bin", "/bin"}
    assert process.env == FrozenDict()
    assert not process.working_directory
    _, elsewhere = run(cache="lading_machine_b")
    assert process.argv == elsewhere.argv
    assert dict(process.append_only_caches) == {
        "lading": ".lading/cache",
        "lading_machine_a": MACHINE_DIR,
        "more": ".lading/more",
    }


def test_a_remote_cache_is_asked_before_the_process_is_started() -> None:
    _, process = run()
    assert process.remote_cache_speculation_delay_millis > 0


def test_a_mistake_of_the_users_is_told_with_the_subject() -> None:
    with pytest.raises(TargetError) as raised:
        run(65, "0.1 MB\nlading: error: `script` failed.\n  lading: error: quoted\n")
    expected = f"{SUBJECT}: `script` failed.\n  lading: error: quoted"
    assert str(raised.value) == expected


@pytest.mark.parametrize("status", [1, 2, -9])
def test_rules_oci_881_a_fault_of_ours_is_told_with_all_it_wrote(status: int) -> None:
    with pytest.raises(TargetError) as raised:
        run(status, "Traceback ...\nKeyError: 'x'\n")
    assert str(raised.value) == (
        f"{SUBJECT}: `lading.fetch.fetch_main` failed with status {status}, which is a bug in "
        "Lading or a problem of this machine. Its output:\nTraceback ...\nKeyError: 'x'\n"
    )


def test_success_gives_what_was_written() -> None:
    assert run(0, "0.1 MB from x\n")[0] == ProgramResult(EMPTY_DIGEST, "0.1 MB from x\n")


def start(directory: Path, search_path: str = "") -> subprocess.CompletedProcess[str]:
    """Run the process's argv in `directory`, with `search_path` in place of Debian's program
    directories."""
    _, process = run()
    script = process.argv[2]
    if search_path:
        script = script.replace("/usr/local/bin:/usr/bin:/bin", search_path)
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", "lading.debian.programs.extract_main", "a.deb", "x", "out"],
        cwd=directory,
        env={},
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )


def write_program(directory: Path, name: str, text: str) -> None:
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{text}\n")
    (directory / name).chmod(0o755)


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    files: Mapping[str, bytes] = program_files.program_files("lading.debian.programs.extract_main")
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a.deb").write_bytes(b"<html>")
    return tmp_path


def test_the_machines_interpreter_runs_the_program(sandbox: Path) -> None:
    write_program(sandbox, f"{MACHINE_DIR}/python", f'echo mine >&2; exec {sys.executable} "$@"')
    finished = start(sandbox)
    assert finished.returncode == 65
    assert finished.stderr.startswith("mine\nlading: error: 'a.deb' is not a usable Debian package")
    assert not list(sandbox.rglob("__pycache__"))


def test_without_a_machine_directory_any_python_does(sandbox: Path) -> None:
    """As on a remote worker."""
    write_program(sandbox, "bin/python3", f'exec {sys.executable} "$@"')
    finished = start(sandbox, str(sandbox / "bin"))
    assert finished.returncode == 65
    assert finished.stderr.startswith("lading: error: 'a.deb' is not a usable Debian package")


def test_without_any_python_there_is_a_sentence(sandbox: Path) -> None:
    (sandbox / "bin").mkdir()
    finished = start(sandbox, str(sandbox / "bin"))
    assert finished.returncode == 65
    assert finished.stderr.startswith("lading: error: there is no python3 in ")
