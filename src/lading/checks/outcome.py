"""The outcome of a check."""

from dataclasses import dataclass
from typing import Iterable, Sequence, Tuple

from lading.values.counted import counted

#: The most lines of an output or a file that a failure quotes.
_LINES = 20

#: The most characters of a line that it quotes.
_WIDTH = 400


@dataclass(frozen=True)
class Outcome:
    """`name` is the check's; `failures` are texts of one or more lines, none if it passed."""

    name: str
    failures: Tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


def difference(what: str, expected: object, actual: object) -> str:
    return f"{what}: expected {expected}, actual {actual}"


def quoted(text: str) -> str:
    """The first and last lines of `text`, indented."""
    lines = text.splitlines()
    if not lines:
        return "    (nothing)"
    if len(lines) > _LINES:
        head, tail = _LINES // 2, _LINES - _LINES // 2
        left_out = f"... {counted(len(lines) - _LINES, 'line')} ..."
        lines = [*lines[:head], left_out, *lines[-tail:]]
    return indented(line if len(line) <= _WIDTH else line[:_WIDTH] + "..." for line in lines)


def indented(lines: Iterable[str]) -> str:
    return "\n".join(f"    {_printable(line)}" for line in lines)


def listed(values: Sequence[str]) -> str:
    """In the notation of BUILD files."""
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _printable(line: str) -> str:
    """Without characters that would move a terminal's cursor or change its colours."""
    return "".join(
        character if character == "\t" or character.isprintable() else _escaped(character)
        for character in line
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
