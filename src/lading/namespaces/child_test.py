import os
import signal

import pytest

from lading.namespaces.child import Child
from lading.values.errors import LadingError


def test_the_result_of_the_task_is_the_child_s() -> None:
    assert Child.start(lambda: 42).wait() == 42


def test_a_sentence_for_the_user_comes_back() -> None:
    def fail() -> int:
        raise LadingError("Rename 'ü\udcff'.")

    with pytest.raises(LadingError, match="^Rename 'ü\udcff'.$"):
        Child.start(fail).wait()


def test_a_fault_keeps_its_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise ValueError("nobody expects this")

    with pytest.raises(ChildProcessError, match=r"a child process failed \(wait status 256\)"):
        Child.start(fail).wait()
    assert "ValueError: nobody expects this" in capfd.readouterr().err


def test_a_killed_child_has_the_status_that_shells_give() -> None:
    def fail() -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert Child.start(fail).wait() == 128 + signal.SIGKILL
