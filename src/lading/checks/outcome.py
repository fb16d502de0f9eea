"""What came of a check."""

from dataclasses import dataclass
from typing import Iterable, Sequence, Tuple

from lading.values.counted import counted

#: Most lines of an output or a file that a failure quotes.
_LINES = 20

#: Most characters of a line that it quotes.
_WIDTH = 400


@dataclass(frozen=True)
class Outcome:
    """`name` is of the check; `failures` are texts of one or more lines, none if it is right."""

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
    """As BUILD files have it."""
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _printable(line: str) -> str:
    """Without what would move a terminal's cursor or change its colours."""
    return "".join(
        character if character == "\t" or character.isprintable() else _escaped(character)
        for character in line
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
