"""Scripts as store packages: their text, and the `#!` line with their interpreter."""

import difflib
from dataclasses import dataclass
from typing import Mapping, Optional

from lading.files.entry import EXECUTABLE_MODE, Entry
from lading.files.kind import Kind
from lading.store.shebang import Shebang, UnresolvedError
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR, StorePath

_EXAMPLE = "`#!{//3rdparty/bash}/bin/bash`"

# How many bytes Linux reads of a file to find its interpreter (BINPRM_BUF_SIZE of linux/binfmts.h).
# The last of them is the end of the line.
_LONGEST_SHEBANG = 255


def script_text(text: str, interpreter: str) -> str:
    """The script with a line for `interpreter`, unless that is "", and a line feed at its end.

    Raises `LadingError` if nothing says what runs the script.
    """
    if interpreter.startswith("#!") or "\n" in interpreter:
        raise LadingError(
            f"`interpreter` is {interpreter!r}. Write a program with its arguments, in one line "
            "and without `#!`."
        )
    if interpreter:
        first, _, rest = text.partition("\n")
        text = f"#!{interpreter}\n{rest if first.startswith('#!') else text}"
    if not text.startswith("#!"):
        raise LadingError(
            f"the script has no `#!` line: begin it with one such as {_EXAMPLE}, or set "
            "`interpreter`."
        )
    return text if text.endswith("\n") else text + "\n"


@dataclass(frozen=True)
class Programs:
    """The programs of some packages: their members by path, in the order of search."""

    packages: Mapping[StorePath, Mapping[str, Entry]]

    def find(self, name: str) -> Optional[str]:
        """The store path of `bin/<name>` in the first package that has it."""
        for package in self.packages:
            path = f"{package}/bin/{name}"
            if self.has(path):
                return path
        return None

    def has(self, path: str) -> bool:
        """Whether a program has this path. Links are assumed to lead to programs."""
        for package, members in self.packages.items():
            if path == str(package) or path.startswith(f"{package}/"):
                member = members.get(path[len(str(package)) :].lstrip("/"))
                return member is not None and _is_program(member)
        return False

    def like(self, path: str) -> Optional[str]:
        """A program with a similar path."""
        known = [
            f"{package}/{member.path}"
            for package, members in self.packages.items()
            for member in members.values()
            if _is_program(member)
        ]
        return next(iter(difflib.get_close_matches(path, known, n=1)), None)


def _is_program(member: Entry) -> bool:
    return member.kind == Kind.SYMLINK or (
        member.kind == Kind.FILE and member.mode == EXECUTABLE_MODE
    )


def run_from_store(text: str, programs: Programs) -> str:
    """The script with its `#!` line changed to a program of the store, unless it names one already.

    Raises `LadingError` if none of the packages has the program.
    """
    line, newline, rest = text.partition("\n")
    shebang = Shebang.parse(line.encode("utf-8"))
    if shebang is None:
        raise LadingError(f"the script's first line, {line!r}, names no program: write {_EXAMPLE}.")
    try:
        found = shebang.in_store(programs.find)
    except UnresolvedError as error:
        raise LadingError(_outside_sentence(shebang, error.program)) from error
    if not programs.has(found.interpreter):
        near = programs.like(found.interpreter)
        raise LadingError(
            f"the script is run by {found.interpreter!r}, which is not a program in a package "
            "that it names: "
            + (f"did you mean {near}?" if near else f"write one such as {_EXAMPLE}.")
        )
    if len(str(found).encode("utf-8")) > _LONGEST_SHEBANG:
        raise LadingError(
            f"the script's first line, {str(found)!r}, is longer than the {_LONGEST_SHEBANG} "
            "bytes that Linux reads of it: give arguments with `set` in the script instead."
        )
    return text if found == shebang else f"{found}{newline}{rest}"


def _outside_sentence(shebang: Shebang, program: str) -> str:
    if not program:
        return (
            f"the script is run by {str(shebang)!r}, which names no program: name one by its "
            f"store path as in {_EXAMPLE}."
        )
    return (
        f"the script is run by {str(shebang)!r}, outside of {STORE_DIR}: name a program by its "
        f"store path as in {_EXAMPLE}, or add the package that contains bin/{program} to "
        "`dependencies`."
    )
