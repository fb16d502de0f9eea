"""Regular expressions that outputs and files are looked at with."""

import re
from dataclasses import dataclass
from typing import Any, Dict

from lading.errors import LadingError
from lading.structure.go_regexp import from_go


@dataclass(frozen=True)
class Pattern:
    """`text` is what the user wrote, `regex` what Python makes of it with `flags`."""

    text: str
    regex: str
    flags: int

    @classmethod
    def parse(cls, where: str, text: object) -> "Pattern":
        """A regular expression of Python's, in which `^` and `$` match at each line.

        LadingError that begins with `where`, such as "`commands` has", if it is none.
        """
        if not isinstance(text, str):
            raise LadingError(
                f"{where} the pattern {text!r}, which is not a string. Write a regular expression."
            )
        try:
            re.compile(text, re.MULTILINE)
        except re.error as error:
            raise LadingError(
                f"{where} the pattern {text!r}, which is not a regular expression ({error}). Write "
                "one of Python's, with a backslash before characters that mean themselves."
            ) from error
        return cls(text, text, int(re.MULTILINE))

    @classmethod
    def parse_go(cls, where: str, text: str) -> "Pattern":
        """A regular expression of Go's, as container-structure-test takes them."""
        try:
            regex = from_go(text)
            re.compile(regex, re.ASCII)
        except (re.error, ValueError) as error:
            raise LadingError(
                f"{where} the pattern {text!r}, which Lading can't read as a regular expression of "
                f"Go's: {error}. Write it in another way."
            ) from error
        return cls(text, regex, int(re.ASCII))

    def matches(self, text: str) -> bool:
        """Whether it matches anywhere in `text`."""
        return re.search(self.regex, text, self.flags) is not None

    def to_dict(self) -> Dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_dict(cls, fields: Dict[str, Any]) -> "Pattern":
        return cls(**fields)
