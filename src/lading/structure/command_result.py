"""What a command in an image did."""

from dataclasses import dataclass
from typing import Tuple


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
