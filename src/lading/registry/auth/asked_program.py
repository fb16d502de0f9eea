"""Asks helper programs a question; they may hang or fail."""

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Mapping, Optional, Sequence

#: The most bytes of an answer. Tokens have a few thousand.
_LONGEST_ANSWER = 1 << 20

_CHUNK = 1 << 16

#: Seconds between two checks whether the program has ended. Its child processes may keep its
#: standard output open.
_INTERVAL = 0.05


class NoAnswerError(Exception):
    """The program gave no answer, for a reason in a few words."""


@dataclass(frozen=True)
class CommandOutput:
    status: int
    output: bytes


def ask(
    command: Sequence[str],
    question: bytes,
    seconds: float,
    environment: Mapping[str, str],
    directory: Optional[str] = None,
) -> CommandOutput:
    """Returns what `command` writes to standard output when it reads `question`, which must fit
    into a pipe.

    Raises NoAnswerError if it takes longer than `seconds` or writes too much; it is then killed
    with all its child processes. Raises OSError if it can't be started.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        cwd=directory,
        bufsize=0,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    end = time.monotonic() + seconds
    try:
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(question)
        with process.stdout:
            output = _read(process, process.stdout, end)
        return CommandOutput(process.wait(max(0.0, end - time.monotonic())), output)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        raise NoAnswerError(f"did not answer in {seconds:g} seconds") from error
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _read(process: "subprocess.Popen[bytes]", stream: IO[bytes], end: float) -> bytes:
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            has_ended = process.poll() is not None
            if selector.select(0 if has_ended else _INTERVAL):
                chunk = stream.read(_CHUNK)
                output += chunk
                if not chunk:
                    return bytes(output)
            elif has_ended:
                return bytes(output)
            if len(output) > _LONGEST_ANSWER:
                raise NoAnswerError(f"wrote more than {_LONGEST_ANSWER} bytes")
            if time.monotonic() > end:
                raise TimeoutError
