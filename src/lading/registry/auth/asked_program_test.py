import os
import time
from pathlib import Path
from typing import Iterator

import pytest

from lading.registry.auth.asked_program import CommandOutput, NoAnswerError, ask

ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 10


def asked(script: str, seconds: float = 5) -> CommandOutput:
    return ask(["sh", "-c", script], b"question", seconds, ENVIRONMENT)


def test_an_answer() -> None:
    assert asked("cat; exit 3") == CommandOutput(3, b"question")
    assert asked("exec <&-; echo a") == CommandOutput(0, b"a\n")
    large = asked("head -c 300000 /dev/zero")
    assert len(large.output) == 300_000


def test_what_it_has_started_is_not_waited_for() -> None:
    assert asked("sleep 60 & echo a") == CommandOutput(0, b"a\n")


@pytest.mark.parametrize("script", ["sleep 60", "sleep 60 | cat", "exec >&-; sleep 60"])
def test_one_that_never_ends(script: str) -> None:
    with pytest.raises(NoAnswerError, match=r"did not answer in 0\.2 seconds"):
        asked(script, 0.2)


def test_one_that_writes_without_end() -> None:
    with pytest.raises(NoAnswerError, match="wrote more than 1048576 bytes"):
        asked("yes")


def test_all_that_it_has_started_is_killed(tmp_path: Path) -> None:
    with pytest.raises(NoAnswerError):
        asked(f"(sleep 0.5; touch {tmp_path}/alive) & wait", 0.2)
    time.sleep(0.7)
    assert not list(tmp_path.iterdir())
