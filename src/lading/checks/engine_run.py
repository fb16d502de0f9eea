"""Runs commands in docker or podman."""

import json
import secrets
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, NoReturn, Optional, Sequence, Tuple, Union

from lading.checks.command_check import CommandCheck
from lading.checks.command_result import NOT_STARTED, OUT_OF_TIME, CommandResult, setup_note
from lading.engines.container_engine import ContainerEngine
from lading.values.errors import LadingError

#: The repository in the names of images while they are tested.
_REPOSITORY = "localhost/lading-test"

# podman's states of a container whose program could not be started.
_NOT_RUN = ("created", "configured", "initialized")

#: How often to load an image again if another test removes it at the same time.
_ATTEMPTS = 5


@dataclass(frozen=True)
class EngineRun:
    engine: ContainerEngine

    @contextmanager
    def loaded(self, archive: Path, ids: Sequence[str]) -> Iterator[str]:
        """A name of the image of `archive` in the engine, while it is needed.

        `ids` are the ids that the engine may give it. No other image is renamed, and the image is
        removed afterwards if it was not there before.
        """
        signal.signal(signal.SIGTERM, _end)  # so that everything created here is removed
        name = f"{_REPOSITORY}:{secrets.token_hex(8)}"
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.engine.call("load", "--quiet", "--input", str(archive))
            if any(self.engine.attempt("tag", image, name).returncode == 0 for image in ids):
                break
        else:
            raise LadingError(
                f"{self.engine.name} has loaded the image, but knows none of {', '.join(ids)}: "
                f"check whether `{self.engine.name} image ls --no-trunc` shows it."
            )
        try:
            yield name
        finally:
            # If somebody's container uses the image, podman only removes the name, and only if
            # forced to; docker keeps both.
            if self.engine.attempt("image", "rm", name).returncode:
                self.engine.attempt("untag", name)

    def run(self, image: str, check: CommandCheck, end: Optional[float]) -> CommandResult:
        """`end` is a time of time.monotonic."""
        made: List[str] = []
        notes: List[str] = []
        try:
            for words in check.setup:
                result, container = self._run(
                    image, check, ["--entrypoint", words[0]], words[1:], end
                )
                if result.problem or result.exit_code:
                    notes.append(setup_note(words, result.problem, result.exit_code))
                try:
                    image = self.engine.call("commit", container).strip()
                finally:
                    self._remove(container)
                made.append(image)
            result, container = self._run(image, check, *_arguments(check), end)
            self._remove(container)
        finally:
            for image in reversed(made):
                self.engine.attempt("image", "rm", image)
        return CommandResult(**{**vars(result), "notes": tuple(notes)})

    def _run(
        self,
        image: str,
        check: CommandCheck,
        entrypoint: Sequence[str],
        words: Sequence[str],
        end: Optional[float],
    ) -> Tuple[CommandResult, str]:
        """The result, and the container, which must be removed."""
        container = self.engine.call(
            *("create", "--interactive", "--network", "none", *entrypoint),
            *(option for pair in check.env for option in ("--env", "=".join(pair))),
            *(("--user", check.user) if check.user is not None else ()),
            *(("--workdir", check.working_dir) if check.working_dir is not None else ()),
            *(image, *words),
        ).strip()
        try:
            return self._start(container, check.stdin, end), container
        except BaseException:
            self._remove(container)
            raise

    def _start(self, container: str, stdin: str, end: Optional[float]) -> CommandResult:
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            return CommandResult(problem=NOT_STARTED)
        try:
            started = self.engine.attempt(
                "start", "--attach", "--interactive", container, stdin=stdin, timeout=left
            )
        except subprocess.TimeoutExpired as expired:
            return CommandResult(
                stdout=_text(expired.stdout), stderr=_text(expired.stderr), problem=OUT_OF_TIME
            )
        state = json.loads(self.engine.call("inspect", "--format", "{{json .State}}", container))
        # podman has no such text; its container keeps its state.
        error = state.get("Error") or (state["Status"] in _NOT_RUN and started.stderr.strip())
        if error:
            return CommandResult(problem=f"it can't be run: {error}")
        return CommandResult(state["ExitCode"], started.stdout, started.stderr)

    def _remove(self, container: str) -> None:
        self.engine.attempt("rm", "--force", "--volumes", container)


def _arguments(check: CommandCheck) -> Tuple[List[str], Sequence[str]]:
    """Options for the entrypoint, and the arguments after the image."""
    if check.entrypoint:
        return [], check.words
    return ["--entrypoint", check.words[0]], check.words[1:]


def _text(output: Union[bytes, str, None]) -> str:
    """The text of an output that was cut off, which is bytes even if text was requested."""
    return output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)
