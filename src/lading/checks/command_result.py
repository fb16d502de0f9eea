"""What a command in an image did."""

import shlex
from dataclasses import dataclass
from typing import Sequence, Tuple


@dataclass(frozen=True)
class CommandResult:
    """`problem` is a sentence if the command did not run to its end; then the rest does not count.

    `notes` are what else may explain a failure, such as a setup command that failed.
    """

    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    problem: str = ""
    notes: Tuple[str, ...] = ()


#: Problems of commands for which there is not enough time.
OUT_OF_TIME = "it was still running when the time that `timeout` gives was over"
NOT_STARTED = "it was not started, since the time that `timeout` gives was over"


def setup_note(words: Sequence[str], problem: str, exit_code: int) -> str:
    """That a command went wrong that was run before."""
    return f"before, in setup, `{shlex.join(words)}`: {problem or f'exit_code {exit_code}'}"
