"""Translates Go's regular expressions (regexp/syntax) to Python's, for the flag re.ASCII.

They look alike, but differ in ways that matter to tests: Go's `$` only matches at the end of the
text and not before a final line break, flags are valid until the end of their group, octal escapes
need no zero, and `(?i)` uses Unicode although word characters are ASCII.
"""

import re
from dataclasses import dataclass, replace
from typing import List, NoReturn, Tuple

from lading.checks.go_syntax.character_set import ANY, CharacterSet

_POSIX_CLASSES = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "ascii": "\0\x7f",
    "blank": "\t\t  ",
    "cntrl": "\0\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "word": "09AZaz__",
    "xdigit": "09AFaf",
}
# Here, `\s` does not include the vertical tab.
_PERL_CLASSES = {"d": "09", "s": "\t\n\f\r  ", "w": "09AZaz__"}

_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

# In groups, so that they can be repeated. Python's `\B` does not match in an empty text.
_PLACES = {r"\A": r"(?:\A)", r"\z": r"(?:\Z)", r"\b": r"(?:\b)", r"\B": r"(?!\b)"}

_GROUP = re.compile(
    r"\(\?P?<(?P<name>\w+)>|\(\?(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<end>[:)])", re.ASCII
)
_REPEAT = re.compile(r"[*+?]|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}", re.ASCII)
_MOST_REPEATS = 1000
_ESCAPE = re.compile(
    r"\\(?:x\{(?P<long>[0-9A-Fa-f]+)\}|x(?P<hex>[0-9A-Fa-f]{2})|(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})"
    r"|(?P<letter>[A-Za-z0-9])|(?P<other>.))",
    re.DOTALL,
)
_POSIX = re.compile(r"\[:(?P<not>\^?)(?P<name>\w*):\]", re.ASCII)


@dataclass(frozen=True)
class _Flags:
    """Go's current flags: fold case, lines, dots match line breaks, ungreedy."""

    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


def from_go(pattern: str) -> str:
    """Raises ValueError, whose text is a clause, for what Python has no equivalent of or Go
    refuses."""
    return _Translation(pattern).translate()


class _Translation:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._output: List[str] = []
        # The flags of each open group, and those outside of all groups.
        self._flags = [_Flags()]

    def translate(self) -> str:
        while self._at < len(self._pattern):
            self._step(self._pattern[self._at])
        if len(self._flags) > 1:
            self._refuse("a `(` is not closed")
        return "".join(self._output)

    def _step(self, character: str) -> None:
        flags = self._flags[-1]
        if character == "\\":
            self._escape()
        elif character == "[":
            self._class()
        elif character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            self._put("|", 1)
        elif character == "^":
            self._put("(?m:^)" if flags.m else r"(?:\A)", 1)
        elif character == "$":
            self._put("(?m:$)" if flags.m else r"(?:\Z)", 1)
        elif character == ".":
            self._put("(?s:.)" if flags.s else ".", 1)
        else:
            self._repeat_or_literal(character)

    def _put(self, text: str, length: int) -> None:
        """`text` replaces the next `length` characters."""
        self._output.append(text)
        self._at += length

    def _put_set(self, characters: CharacterSet, length: int) -> None:
        """`characters` are not folded yet."""
        self._put(self._folded(characters).to_regex(), length)

    def _folded(self, characters: CharacterSet) -> CharacterSet:
        return characters.folded() if self._flags[-1].i else characters

    def _repeat_or_literal(self, character: str) -> None:
        repeat = _REPEAT.match(self._pattern, self._at)
        if repeat is None:
            self._put_set(CharacterSet.of(character * 2), 1)
            return
        if any(int(one) > _MOST_REPEATS for one in repeat.group("least", "most") if one):
            self._refuse(f"`{repeat[0]}` is more than {_MOST_REPEATS} repetitions")
        marked = self._pattern.startswith("?", repeat.end())
        lazy = marked != self._flags[-1].U
        self._put(repeat[0] + ("?" if lazy else ""), len(repeat[0]) + marked)
        if _REPEAT.match(self._pattern, self._at):
            self._refuse("two repetitions follow each other")

    def _escape(self) -> None:
        if self._pattern.startswith(r"\Q", self._at):
            text, _, _ = self._pattern[self._at + 2 :].partition(r"\E")
            for character in text:
                self._put_set(CharacterSet.of(character * 2), 0)
            self._at += len(text) + 4
        elif self._pattern[self._at : self._at + 2] in _PLACES:
            self._put(_PLACES[self._pattern[self._at : self._at + 2]], 2)
        else:
            characters, length = self._escaped()
            self._put(characters.to_regex(), length)

    def _escaped(self) -> Tuple[CharacterSet, int]:
        """The folded meaning of the next escape, and its length."""
        match = _ESCAPE.match(self._pattern, self._at)
        if match is None:
            self._refuse("it ends in a backslash")
        code, letter = match["long"] or match["hex"], match["letter"]
        if letter and letter.lower() in _PERL_CLASSES:
            characters = self._folded(CharacterSet.of(_PERL_CLASSES[letter.lower()]))
            return (characters if letter.islower() else characters.complement()), len(match[0])
        if code or match["octal"]:
            number = int(code, 16) if code else int(match["octal"], 8)
            if number > ANY:
                self._refuse(f"`{match[0]}` is not a character")
            text = chr(number)
        elif letter and letter not in _CONTROLS:
            self._refuse(f"`{match[0]}` has no equivalent in Python")
        else:
            text = _CONTROLS[letter] if letter else match["other"]
        return self._folded(CharacterSet.of(text * 2)), len(match[0])

    def _class(self) -> None:
        negated = self._pattern.startswith("[^", self._at)
        self._at += 2 if negated else 1
        first = self._at
        found = CharacterSet(())
        while not self._pattern.startswith("]", self._at) or self._at == first:
            found = found | self._item()
        self._put((found.complement() if negated else found).to_regex(), 1)

    def _item(self) -> CharacterSet:
        """Reads a character, a range or a class within a class; returns it folded."""
        posix = _POSIX.match(self._pattern, self._at)
        if posix:
            if posix["name"] not in _POSIX_CLASSES:
                self._refuse(f"`{posix[0]}` is not a character class")
            self._at += len(posix[0])
            characters = self._folded(CharacterSet.of(_POSIX_CLASSES[posix["name"]]))
            return characters.complement() if posix["not"] else characters
        low, is_one = self._end_of_range()
        if not is_one or not re.match(r"-[^]]", self._pattern[self._at : self._at + 2], re.DOTALL):
            return self._folded(low)
        self._at += 1
        high, is_one = self._end_of_range()
        if not is_one or high.first < low.first:
            self._refuse("a range in a `[` has no end, or goes backwards")
        return self._folded(CharacterSet.of(chr(low.first) + chr(high.first)))

    def _end_of_range(self) -> Tuple[CharacterSet, bool]:
        """The next item in a class, unfolded if it is a single character, and whether it is one."""
        character = self._pattern[self._at : self._at + 1]
        if not character:
            self._refuse("a `[` is not closed")
        if character != "\\":
            self._at += 1
            return CharacterSet.of(character * 2), True
        self._flags.append(replace(self._flags[-1], i=False))
        single, length = self._escaped()
        self._flags.pop()
        is_one = self._pattern[self._at + 1].lower() not in _PERL_CLASSES
        characters = single if is_one else self._escaped()[0]
        self._at += length
        return characters, is_one

    def _open(self) -> None:
        flags = self._flags[-1]
        if not self._pattern.startswith("(?", self._at):
            self._flags.append(flags)
            self._put("(", 1)
            return
        match = _GROUP.match(self._pattern, self._at)
        if match is None:
            self._refuse("`(?` is followed by something that Go does not know")
        if match["name"]:
            self._flags.append(flags)
            self._put(f"(?P<{match['name']}>", len(match[0]))
            return
        flags = replace(flags, **{flag: True for flag in match["on"]})
        flags = replace(flags, **{flag: False for flag in match["off"] or ""})
        if match["end"] == ":":
            self._flags.append(flags)
            self._put("(?:", len(match[0]))
        else:
            self._flags[-1] = flags
            self._put("", len(match[0]))

    def _close(self) -> None:
        self._flags.pop()
        if not self._flags:
            self._refuse("a `)` has no matching `(`")
        self._put(")", 1)

    def _refuse(self, reason: str) -> NoReturn:
        raise ValueError(reason)
