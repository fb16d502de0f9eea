import os
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Tuple

import pytest

from lading.namespaces.limits import LimitError, Limits
from lading.store.build import watch
from lading.store.build.sandbox_testing import SANDBOXES, is_running, sandbox_of_kind
from lading.store.build.watch import Watch
from lading.values.json_codec import to_json

#: Runs a script in the sandbox under limits; its status and output.
Run = Callable[[str, Limits], Tuple[int, str]]

ENVIRONMENT = {"PATH": "/usr/bin"}


@pytest.fixture(params=SANDBOXES)
def run(request: Any, tmp_path: Path, build_root: Path) -> Iterator[Run]:
    with sandbox_of_kind(request.param, build_root, tmp_path, ()) as sandbox:

        def run(script: str, limits: Limits) -> Tuple[int, str]:
            with open(tmp_path / "log", "wb") as log:
                status = sandbox.run(["/bin/bash", "-c", script], ENVIRONMENT, log, limits)
            return status, (tmp_path / "log").read_text(encoding="utf-8")

        yield run


def test_within_its_limits_a_build_runs_to_its_end(run: Run) -> None:
    limits = Limits(timeout=60, max_log_size=100, max_disk_size=10**8)
    assert run("echo begin; sleep 0.2; echo end; exit 3", limits) == (3, "begin\nend\n")


@pytest.mark.parametrize(
    "script",
    [
        "sleep 1234.5",
        # Nothing that a build does keeps it alive.
        "trap '' TERM INT HUP; (trap '' TERM; sleep 1234.5) & wait",
        "kill -STOP $$; sleep 1234.5",
        "exec >&- 2>&-; sleep 1234.5",
        "(sleep 1234.5 & sleep 1234.5 & exec sleep 1234.5) & sleep 1234.5",
        "while :; do :; done; : 1234.5",
    ],
)
def test_a_build_that_takes_too_long_is_ended_with_all_its_processes(run: Run, script: str) -> None:
    begin = time.monotonic()
    with pytest.raises(LimitError) as raised:
        run(script, Limits(timeout=1))
    assert str(raised.value) == (
        "the build was still running after 1 s, and was stopped: if it needs longer, raise "
        "`timeout`, or `[lading].build_timeout` for all packages."
    )
    assert time.monotonic() - begin < 30
    assert not is_running("1234.5")


def test_a_build_that_prints_too_much_is_ended(run: Run, tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=r"printed more than 100,000 bytes, and was stopped: .*"):
        run("while :; do echo 12345678901234567890; done", Limits(max_log_size=100_000))
    assert (tmp_path / "log").stat().st_size <= 100_000


@pytest.mark.parametrize("directory", ["/build", "/store"])
def test_a_build_that_fills_the_disk_is_ended(
    run: Run, directory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_DISK_INTERVAL", 0.1)
    limits = Limits(timeout=60, max_disk_size=10**6)
    script = f"mkdir {directory}/deep; printf '%02000000d' 0 > {directory}/deep/x; sleep 60"
    with pytest.raises(LimitError, match="files take more than 1,000,000 bytes on disk"):
        run(script, limits)


# bubblewrap ends as soon as it knows the command's status. The kernel may take seconds more to end
# many or large processes, whose pipes are closed by then.
_ENDS_BEFORE_ITS_FIRST_PROCESS = """
sleep 0.5 >&- 2>&- 3>&- &
echo "{ \\"child-pid\\": $! }" >&3
echo '{ "exit-code": 0 }' >&3
"""


def test_a_build_has_ended_when_its_first_process_has(tmp_path: Path) -> None:
    """Otherwise remaining processes could replace files that are stripped next by links."""
    (output, output_end), (events, events_end) = os.pipe(), os.pipe()
    script = _ENDS_BEFORE_ITS_FIRST_PROCESS.replace(">&3", f">&{events_end}")
    begin = time.monotonic()
    with subprocess.Popen(
        ["bash", "-c", script.replace("3>&-", f"{events_end}>&-")],
        stdout=output_end,
        pass_fds=[events_end],
    ) as process:
        os.close(output_end)
        os.close(events_end)
        with open(tmp_path / "log", "wb") as log:
            assert Watch(process, output, events, Limits(), ()).copy_output(log) == 0
    assert time.monotonic() - begin >= 0.5
    os.close(output)
    os.close(events)


def test_an_interrupted_build_leaves_no_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(limits: Limits, size: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Limits, "check_log", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("echo x; sleep 1234.5", Limits())
    assert not is_running("1234.5")


def test_limits_are_defaults_unless_noted(tmp_path: Path) -> None:
    noted = Limits(timeout=1, max_log_size=2, max_disk_size=3)
    assert Limits.load(str(tmp_path)) == Limits()
    (tmp_path / "limits.json").write_text(to_json(noted))
    assert Limits.load(str(tmp_path)) == noted
