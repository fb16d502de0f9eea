"""A command that is run in the image, and its expected result.

    commands=[
        {"run": ["redis-server", "--version"], "stdout": ["v=7\\.0\\.15"]},
        {"args": ["redis-cli", "ping"], "stderr": "Connection refused", "exit_code": 1},
    ]
"""

import shlex
from dataclasses import dataclass, field, replace
from typing import Any, Iterator, Mapping, Optional, Tuple

from lading.checks.command_result import CommandResult
from lading.checks.fields import Fields
from lading.checks.go_syntax.go_variables import expand
from lading.checks.go_syntax.pattern import Pattern
from lading.checks.outcome import Outcome, difference, quoted
from lading.files.container_path import parse_container_path
from lading.image.config.environment import check_environment
from lading.image.config.user import User
from lading.values.errors import LadingError

FIELD = "commands"

EXAMPLE = '{"run": ["redis-server", "--version"], "stdout": ["v=7"]}'

_KEYS = (
    "run",
    "args",
    "env",
    "user",
    "working_dir",
    "stdin",
    "exit_code",
    "stdout",
    "stdout_lacks",
    "stderr",
    "stderr_lacks",
)


@dataclass(frozen=True)
class OutputCheck:
    """What must be in standard output or error, and what must not."""

    has: Tuple[Pattern, ...] = ()
    lacks: Tuple[Pattern, ...] = ()

    def failures(self, stream: str, text: str) -> Iterator[str]:
        for pattern in self.has:
            if not pattern.matches(text):
                yield f"{stream} does not match: {pattern.text}"
        for pattern in self.lacks:
            if pattern.matches(text):
                yield f"{stream} matches, but must not: {pattern.text}"


@dataclass(frozen=True)
class CommandCheck:
    """`words` are a program with arguments, or arguments to the image's entrypoint.

    `setup` are commands that run before it, in the same file system. `env` takes precedence over
    the image's own environment. If `user` and `working_dir` are None, they are the image's. With
    `expand`, `$NAME` in `words` and `env` stands for a variable of the image.
    """

    name: str
    words: Tuple[str, ...]
    entrypoint: bool = False
    setup: Tuple[Tuple[str, ...], ...] = ()
    env: Tuple[Tuple[str, str], ...] = ()
    user: Optional[str] = None
    working_dir: Optional[str] = None
    stdin: str = ""
    exit_code: int = 0
    stdout: OutputCheck = field(default_factory=OutputCheck)
    stderr: OutputCheck = field(default_factory=OutputCheck)
    expand: bool = False

    @classmethod
    def parse(cls, value: Any) -> "CommandCheck":
        """Reads an element of the field. Raises LadingError if it is invalid."""
        fields = Fields.parse(f"`{FIELD}` has", value, _KEYS, EXAMPLE)
        run, args = (fields.words(key, _as_list(value.get(key))) for key in ("run", "args"))
        if (run is None) == (args is None) or run == ():
            raise LadingError(
                f"`{FIELD}` has {dict(value)!r}, which needs either `run`, a program with its "
                "arguments, or `args`, the arguments to the image's entrypoint. Write "
                f"`{EXAMPLE}`."
            )
        fields = Fields(f"`{FIELD}` gives `{shlex.join(run or args or ())}`", value)
        env = fields.mapping("env", '{"LANG": "C.UTF-8"}')
        user, working_dir = fields.text("user"), fields.text("working_dir")
        try:
            check_environment(dict(env))
            User.parse(user if user is not None else "0")
            parse_container_path("working_dir", working_dir if working_dir is not None else "/")
        except LadingError as error:
            raise LadingError(f"{fields.where} what can't be: {error}") from error
        return cls(
            name=shlex.join(run) if run else f"[entrypoint] {shlex.join(args or ())}".rstrip(),
            words=run or args or (),
            entrypoint=run is None,
            env=env,
            user=user,
            working_dir=working_dir,
            stdin=fields.text("stdin") or "",
            exit_code=fields.number("exit_code", 0, 0, 255),
            stdout=OutputCheck(fields.patterns("stdout"), fields.patterns("stdout_lacks")),
            stderr=OutputCheck(fields.patterns("stderr"), fields.patterns("stderr_lacks")),
        )

    def expanded(self, variables: Mapping[str, str]) -> "CommandCheck":
        """With `variables`, which are the image's, filled into `words` and `env`."""
        if not self.expand:
            return self
        env = {name: expand(value, variables) for name, value in self.env}
        words = tuple(expand(word, {**variables, **env}) for word in self.words)
        return replace(self, words=words, env=tuple(sorted(env.items())), expand=False)

    def judge(self, result: CommandResult) -> Outcome:
        failures = [result.problem] if result.problem else list(self._failures(result))
        if not failures:
            return Outcome(f"command {self.name}")
        streams = (("stdout", result.stdout), ("stderr", result.stderr))
        output = [f"its {stream}:\n{quoted(text)}" for stream, text in streams if text]
        return Outcome(f"command {self.name}", (*failures, *output, *result.notes))

    def _failures(self, result: CommandResult) -> Iterator[str]:
        if result.exit_code != self.exit_code:
            yield difference("exit_code", self.exit_code, result.exit_code)
        yield from self.stdout.failures("stdout", result.stdout)
        yield from self.stderr.failures("stderr", result.stderr)


def _as_list(value: object) -> str:
    """The list that somebody who wrote a string probably meant."""
    if not isinstance(value, str):
        return '["redis-server", "--version"]'
    try:
        words = shlex.split(value)
    except ValueError:  # an unclosed quote
        words = [value]
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
