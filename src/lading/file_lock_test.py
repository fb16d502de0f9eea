import os
import re
import signal
import time
from pathlib import Path
from typing import Iterator, List

import pytest

from lading.at_once_testing import FORK
from lading.errors import LadingError
from lading.file_lock import lock


class Holder:
    """A process that has the lock of `path`, and makes the file grow if it `works`."""

    def __init__(self, path: Path, works: bool = False) -> None:
        ready = FORK.Event()

        def hold() -> None:
            with open(path, "ab", buffering=0) as file:
                lock(file.fileno(), "x")
                ready.set()
                while True:
                    time.sleep(0.05)
                    if works:
                        file.write(b"x")

        self.process = FORK.Process(target=hold)
        self.process.start()
        assert ready.wait(20)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    holder = Holder(path)
    yield holder
    holder.kill()


def wait(path: Path, limit: float, lines: List[str], shared: bool = False) -> None:
    with open(path, "ab") as file:
        lock(file.fileno(), "the build root", shared, 0.1, limit, lines.append)


def test_who_waits_reports_once_who_is_waited_for(path: Path, holder: Holder) -> None:
    lines: List[str] = []
    with pytest.raises(LadingError) as raised:
        wait(path, 0.5, lines)
    who = rf"process {holder.process.pid} \(.+\)"
    assert len(lines) == 1
    assert re.fullmatch(f"Waiting for {who}, which is busy with the build root.", lines[0])
    assert re.match(f"{who} has been busy with the build root for ", str(raised.value))


def test_a_lock_is_free_when_its_holder_is_killed(path: Path, holder: Holder) -> None:
    holder.kill()
    lines: List[str] = []
    wait(path, 0, lines)
    assert lines == []


def test_one_that_hangs_is_not_waited_for_for_ever(path: Path, holder: Holder) -> None:
    pid = holder.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(LadingError, match="End that process if it hangs"):
        wait(path, 0.3, [])


def test_one_that_gets_on_is_waited_for(path: Path) -> None:
    holder = Holder(path, works=True)
    try:
        with pytest.raises(LadingError, match=r"for [2-9]\d* seconds"):
            wait_until_idle(path, holder)
    finally:
        holder.kill()


def wait_until_idle(path: Path, holder: Holder) -> None:
    """The limit of 1 s counts from when the file stops growing, after 2 s."""
    pid = holder.process.pid
    assert pid is not None

    def stop() -> None:
        time.sleep(2)
        os.kill(pid, signal.SIGSTOP)

    FORK.Process(target=stop).start()
    wait(path, 1, [])


def test_several_may_share(path: Path) -> None:
    with open(path, "ab") as file:
        lock(file.fileno(), "x", shared=True)
        wait(path, 0, [], shared=True)
        with pytest.raises(LadingError):
            wait(path, 0, [])
