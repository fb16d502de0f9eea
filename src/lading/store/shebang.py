"""The `#!` line of scripts, and how it is changed to name a program in the store.

Linux reads the line as an interpreter and at most one argument (execve(2)); several arguments need
`env -S`. An image from scratch has no /bin/sh, so the interpreter becomes a program of the
package's input closure.
"""

import posixpath
import re
import shutil
import tempfile
from dataclasses import dataclass
from typing import Callable, Optional

from lading.values.path import STORE_DIR

_LONGEST_LINE = 4096
_CHUNK = 1 << 20

_SPLIT_OPTION = re.compile(r"(?:-S|--split-string[=\s])\s*(?P<command>.*)")
# What env -S takes literally: no quotes, escapes, variables or comments.
_SPLIT_COMMAND = re.compile(
    r"(?P<assignments>(?:\w+=[^\s'\"\\$#]*\s+)*)(?P<program>[^\s'\"\\$#=-][^\s'\"\\$#=]*)"
    r"(?:\s+(?P<arguments>.*))?\Z"
)
_SINGLE_WORD = re.compile(r"[^\s'\"\\$#]*\Z")


class UnresolvedError(Exception):
    """There is no program for a `#!` line. `program` is the name that was searched for, "" if the
    line has none."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self.program = program


@dataclass(frozen=True)
class Shebang:
    """`argument` is everything after the interpreter, without blanks around it."""

    interpreter: str
    argument: str = ""

    def __str__(self) -> str:
        return f"#!{self.interpreter} {self.argument}".rstrip()

    @property
    def is_in_store(self) -> bool:
        return self.interpreter.startswith(f"{STORE_DIR}/")

    @classmethod
    def parse(cls, line: bytes) -> Optional["Shebang"]:
        """Parses a file's first line; None if it is no `#!` line (`#![...]` is Rust)."""
        text = line.decode("utf-8", "surrogateescape")
        words = text[2:].rstrip("\n").strip(" \t").replace("\t", " ").split(" ", 1)
        if not text.startswith("#!") or words[0] == "" or words[0].startswith("["):
            return None
        return cls(words[0], "".join(words[1:]).strip(" "))

    def in_store(self, find_program: Callable[[str], Optional[str]]) -> "Shebang":
        """This line with programs of the store. `find_program` returns a program's store path by
        name.

        Raises `UnresolvedError` if it finds none. A line that already names the store is left
        alone.
        """

        def find(name: str) -> str:
            path = find_program(name)
            if path is None:
                raise UnresolvedError(name)
            return path

        if self.is_in_store:
            return self
        name = posixpath.basename(self.interpreter)
        if name != "env":
            return Shebang(find(name), self.argument)
        split = _SPLIT_OPTION.match(self.argument)
        command = _SPLIT_COMMAND.match(split["command"] if split else self.argument)
        if command is None:
            raise UnresolvedError("")
        program, arguments = find(command["program"]), command["arguments"] or ""
        # Without -S the kernel does not split at blanks, but nothing else can be meant.
        if not command["assignments"] and (not split or _SINGLE_WORD.match(arguments)):
            return Shebang(program, arguments)
        return Shebang(find("env"), f"-S {command['assignments']}{program} {arguments}".rstrip())


def read_shebang(path: str) -> Optional[Shebang]:
    """The file's `#!` line, None if it has none."""
    with open(path, "rb") as file:
        return Shebang.parse(file.readline(_LONGEST_LINE))


def write_shebang(path: str, shebang: Shebang) -> None:
    """Replace the file's first line; the file stays the same inode."""
    with open(path, "r+b") as file, tempfile.TemporaryFile(dir=".") as rest:
        # The line or the rest may be larger than the memory.
        part = file.readline(_LONGEST_LINE)
        while part and not part.endswith(b"\n"):
            part = file.readline(_LONGEST_LINE)
        shutil.copyfileobj(file, rest, _CHUNK)
        rest.seek(0)
        file.seek(0)
        file.write(str(shebang).encode("utf-8", "surrogateescape") + part[-1:])
        shutil.copyfileobj(rest, file, _CHUNK)
        file.truncate()


def fix_shebang(path: str, find_program: Callable[[str], Optional[str]]) -> None:
    """Change the script's interpreter to one of the store, if there is one; see
    `Shebang.in_store`."""
    shebang = read_shebang(path)
    if shebang is None:
        return
    try:
        wanted = shebang.in_store(find_program)
    except UnresolvedError:
        return
    if wanted != shebang:
        write_shebang(path, wanted)
