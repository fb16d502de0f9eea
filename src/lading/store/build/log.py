"""A script's output: kept where it outlives the sandbox, and its end shown in errors."""

import os
import re
from pathlib import Path
from typing import BinaryIO, List

from lading.runtime.full_disk import hardly_any_room
from lading.runtime.whole_file import whole_file
from lading.store.unpacked_packages import CACHE
from lading.values.foreign_text import printable, shown

_CHUNK = 1 << 20

#: The bytes of a log that are kept from its start and its end; a longer one loses its middle.
_KEPT_START, _KEPT_END = 16 << 20, 48 << 20

_TAIL_LINES = 30
_TAIL_BYTES = 1 << 16

# ECMA-48, 5.4: colours. Many programs print them even to a log.
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")

# What bash, dash and make print about a command that is not on PATH. Only its status on the next
# line says that make looked for a command.
_NOT_FOUND = re.compile(
    r"^(?:.*: line \d+: (?=\S+: command )|.*: \d+: |make(?:\[\d+\])?: (?=.*\n.* Error 127$))"
    r"([^\s:/]+): (?:command not found|not found|No such file or directory)$",
    re.MULTILINE,
)


def keep_log(log: Path, name: str) -> Path:
    """Copy the log to the cache as `<name>.log`; returns the real path of the copy."""
    kept = CACHE / "logs" / f"{name}.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    size = log.stat().st_size
    with log.open("rb") as source, whole_file(kept) as copy:
        left_out = size - _KEPT_START - _KEPT_END
        if left_out > 0:
            _copy(source, copy, _KEPT_START)
            copy.write(f"\n[{left_out:,} bytes are left out here]\n".encode("ascii"))
            source.seek(-_KEPT_END, os.SEEK_END)
        _copy(source, copy, size)
    return Path(os.path.realpath(kept))


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size > 0 and (chunk := source.read(min(size, _CHUNK))):
        size -= target.write(chunk)


def failure_sentence(what: str, status: int, log: Path, kept: Path, remedy: str) -> str:
    """Says that `what`, whose output is in `log`, failed, and quotes the last lines of the output.

    `kept` is the copy of the log that outlives the sandbox. `remedy` says what to do if a command
    was not found; it may contain {command}.
    """
    missing = _NOT_FOUND.findall("\n".join(_last_lines(log)))
    hint = f" {remedy.format(command=missing[-1])}" if missing else ""
    return f"{what} (status {status}).{hint} {log_tail(log, kept)}"


def log_tail(log: Path, kept: Path) -> str:
    """The log's path and its last lines, as far as they can be read."""
    room = hardly_any_room()
    whole = "log" if kept.stat().st_size > _KEPT_START + _KEPT_END else "whole log"
    tail = "\n".join(f"  {line}" for line in _last_lines(log))
    found = f"The {whole} is in {kept}; its last lines:\n{tail}" if tail else "The log is empty."
    return f"{room}{' ' if room else ''}{found}"


def _last_lines(log: Path) -> List[str]:
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - _TAIL_BYTES, 0))
        text = file.read(_TAIL_BYTES).decode("utf-8", errors="replace")
    text = _COLOURS.sub("", text).rstrip("\n")
    lines = text.split("\n")[-_TAIL_LINES:] if text else []
    return [_as_seen(line) for line in lines]


def _as_seen(line: str) -> str:
    """What a terminal would show in the end if a program writes the same line again and again."""
    last = line.rstrip("\r").rpartition("\r")[2]
    return shown(printable(last.expandtabs()))
