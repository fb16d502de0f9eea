import re
import signal
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from lading.runtime import file_lock
from lading.runtime.at_once_testing import FORK
from lading.runtime.file_lock import lock
from lading.values.errors import LadingError


class Clock:
    """Stands for the module `time`: each pause advances it, and does `work`."""

    def __init__(self, work: Callable[[float], object]) -> None:
        self._now = 1000.0
        self._work = work

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        self._work(self._now - 1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def holder(path: Path) -> "Iterator[int]":
    """The id of a process that holds the lock and does nothing."""
    ready = FORK.Event()

    def hold() -> None:
        with open(path, "ab") as file:
            lock(file.fileno(), "x")
            ready.set()
            signal.pause()

    process = FORK.Process(target=hold)
    process.start()
    assert ready.wait(60) and process.pid is not None
    yield process.pid
    process.kill()
    process.join()


def wait(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[[float], object] = lambda seconds: None,
) -> List[str]:
    """What was reported until the lock was free. Raises LadingError if it never was."""
    lines: List[str] = []
    with monkeypatch.context() as patched, open(path, "ab") as file:
        patched.setattr(file_lock, "time", Clock(work))
        lock(file.fileno(), "the build root", report=lines.append)
    return lines


def test_who_waits_reports_once_who_is_waited_for(
    path: Path, holder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: List[str] = []
    with open(path, "ab") as file, pytest.raises(LadingError):
        monkeypatch.setattr(file_lock, "time", Clock(lambda seconds: None))
        lock(file.fileno(), "the build root", report=lines.append)
    assert len(lines) == 1
    assert re.fullmatch(
        rf"Waiting for process {holder} \(.+\), which is busy with the build root.", lines[0]
    )


def test_one_that_hangs_is_not_waited_for_for_ever(
    path: Path, holder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LadingError) as raised:
        wait(path, monkeypatch)
    assert re.fullmatch(
        rf"process {holder} \(.+\) has been busy with the build root for 90\d seconds, and it "
        r"can't be used meanwhile\. End that process if it hangs, and run this again\.",
        str(raised.value),
    )


def test_one_that_gets_on_is_waited_for(
    path: Path, holder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download that receives something from time to time, and finally nothing any more."""

    def grow(seconds: float) -> None:
        with open(path, "ab") as file:
            file.write(b"x" if seconds < 5000 else b"")

    with pytest.raises(LadingError, match=r"for 590\d seconds"):
        wait(path, monkeypatch, grow)


def test_a_lock_is_free_when_its_holder_has_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(path, "ab") as file:
        lock(file.fileno(), "x")

        def end(seconds: float) -> None:
            if seconds > 1:
                file.close()

        assert wait(path, monkeypatch, end) == []


def test_several_may_share(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(path, "ab") as one, open(path, "ab") as other:
        lock(one.fileno(), "x", shared=True)
        lock(other.fileno(), "x", shared=True)
        with pytest.raises(LadingError):
            wait(path, monkeypatch)
