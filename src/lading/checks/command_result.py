"""The result of a command in an image."""

import shlex
from dataclasses import dataclass
from typing import Sequence, Tuple


@dataclass(frozen=True)
class CommandResult:
    """`problem` is a sentence if the command did not run to its end; the rest is then meaningless.

    `notes` are other possible explanations of a failure, such as a failed setup command.
    """

    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    problem: str = ""
    notes: Tuple[str, ...] = ()


#: Problems of commands that did not have enough time.
OUT_OF_TIME = "it was still running when the time that `timeout` gives was over"
NOT_STARTED = "it was not started, since the time that `timeout` gives was over"


def setup_note(words: Sequence[str], problem: str, exit_code: int) -> str:
    """Says that an earlier command failed."""
    return f"before, in setup, `{shlex.join(words)}`: {problem or f'exit_code {exit_code}'}"
