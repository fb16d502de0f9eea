"""Runs a task in a child process and passes on its LadingError."""

import os
import select
import signal
import sys
import traceback
from dataclasses import dataclass
from typing import Callable

from lading.values.errors import LadingError

_FAULT = "\0fault of the child"


@dataclass(frozen=True)
class Child:
    """A running task. `sentence` is the reading end of a pipe."""

    pid: int
    sentence: int

    @classmethod
    def start(cls, task: Callable[[], int]) -> "Child":
        """Fork; the child runs `task` and ends with its result, from 0 to 255."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(writing)
            return cls(pid, reading)
        status = 1
        try:
            os.close(reading)
            status = task()
        except LadingError as error:
            os.write(writing, str(error).encode("utf-8", "surrogateescape"))
        except BaseException as fault:
            if isinstance(fault, Exception):
                traceback.print_exc()
            os.write(writing, _FAULT.encode("ascii"))
        finally:
            sys.stderr.flush()
            os._exit(status)

    def ends_within(self, seconds: float) -> bool:
        return bool(select.select((self.sentence,), (), (), seconds)[0])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def wait(self) -> int:
        """The task's result (once it has ended), or, as in a shell, 128 plus the number of the
        signal that ended it. Raises the task's LadingError if it raised one."""
        with open(self.sentence, "rb") as file:
            sentence = file.read().decode("utf-8", "surrogateescape")
        _, ended = os.waitpid(self.pid, 0)
        if sentence and sentence != _FAULT:
            raise LadingError(sentence)
        if sentence:
            raise ChildProcessError(f"a child process failed (wait status {ended})")
        return 128 + os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)
