"""From Go's regular expressions (regexp/syntax) to Python's, as flags re.ASCII reads them.

They look alike and differ in what matters to tests: Go's `$` is the end of the text and not also
a line break before it, flags hold up to the end of their group, octal escapes need no zero.
"""

import re
from dataclasses import dataclass
from typing import List, Mapping, NoReturn

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}

_GROUP = re.compile(r"\(\?P?<(?P<name>\w+)>|\(\?(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<end>[:)])")
_REPEAT = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})")
_ESCAPE = re.compile(
    r"\\(?:x\{(?P<long>[0-9A-Fa-f]+)\}|x(?P<hex>[0-9A-Fa-f]{2})|(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})"
    r"|(?P<letter>[A-Za-z0-9])|(?P<other>.))",
    re.DOTALL,
)
_POSIX = re.compile(r"\[:(?P<name>\^?\w*):\]")

#: Escapes that mean the same in both.
_SAME_IN_CLASS = "afnrtvdDwW"
_SAME_OUTSIDE = _SAME_IN_CLASS + "AbB"

# Go's space has no vertical tab.
_SPACES_IN_CLASS = {"s": r"\t\n\f\r ", "S": r"\S\v"}
_SPACES_OUTSIDE = {letter: f"[{text}]" for letter, text in _SPACES_IN_CLASS.items()}


@dataclass
class _Group:
    """Flags as they are now. `base` is the `i` of what the group is in; `wrapped` tells whether
    a group of Python's is open that has another one."""

    i: bool
    m: bool
    s: bool
    base: bool
    wrapped: bool = False


def from_go(pattern: str) -> str:
    """ValueError, whose text is a clause, for what Python has no like of or what Go refuses."""
    return _Translation(pattern).translate()


class _Translation:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._output: List[str] = []
        self._groups = [_Group(i=False, m=False, s=False, base=False)]

    def translate(self) -> str:
        while self._at < len(self._pattern):
            self._step(self._pattern[self._at])
        if len(self._groups) > 1:
            self._refuse("a `(` is not closed")
        self._unwrap()
        return "".join(self._output)

    def _step(self, character: str) -> None:
        group = self._groups[-1]
        if character == "\\":
            self._escape()
        elif character == "[":
            self._class()
        elif character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            self._unwrap()
            self._put("|", 1)
            self._wrap()
        elif character == "^":
            self._put("(?m:^)" if group.m else r"\A", 1)
        elif character == "$":
            self._put("(?m:$)" if group.m else r"\Z", 1)
        elif character == ".":
            self._put("(?s:.)" if group.s else ".", 1)
        else:
            self._repeat_or_literal(character)

    def _put(self, text: str, length: int) -> None:
        """`text` stands for the next `length` characters."""
        self._output.append(text)
        self._at += length

    def _repeat_or_literal(self, character: str) -> None:
        repeat = _REPEAT.match(self._pattern, self._at)
        if repeat is None:
            self._put("\\{" if character == "{" else character, 1)
            return
        lazy = self._pattern.startswith("?", repeat.end())
        self._put(repeat[0] + ("?" if lazy else ""), len(repeat[0]) + lazy)
        if _REPEAT.match(self._pattern, self._at):
            self._refuse("two repetitions follow each other")

    def _escape(self) -> None:
        if self._pattern.startswith(r"\Q", self._at):
            text, _, _ = self._pattern[self._at + 2 :].partition(r"\E")
            self._put(re.escape(text), len(text) + 4)
        elif self._pattern.startswith(r"\z", self._at):
            self._put(r"\Z", 2)
        else:
            self._put_escaped(_SAME_OUTSIDE, _SPACES_OUTSIDE)

    def _put_escaped(self, same: str, others: Mapping[str, str]) -> None:
        match = _ESCAPE.match(self._pattern, self._at)
        if match is None:
            self._refuse("a backslash ends it")
        code = match["long"] or match["hex"]
        if code or match["octal"]:
            number = int(code, 16) if code else int(match["octal"], 8)
            if number > 0x10FFFF:
                self._refuse(f"`{match[0]}` is no character")
            text = re.escape(chr(number))
        elif match["letter"] in others:
            text = others[match["letter"]]
        elif match["letter"] and match["letter"] not in same:
            self._refuse(f"`{match[0]}` has no like in Python")
        else:
            text = match[0] if match["letter"] else re.escape(match["other"])
        self._put(text, len(match[0]))

    def _class(self) -> None:
        start = "[^" if self._pattern.startswith("[^", self._at) else "["
        self._put(start, len(start))
        first = self._at
        while not self._pattern.startswith("]", self._at) or self._at == first:
            posix = _POSIX.match(self._pattern, self._at)
            character = self._pattern[self._at : self._at + 1]
            if posix and posix["name"] not in _CLASSES:
                self._refuse(f"`{posix[0]}` has no like in Python")
            elif posix:
                self._put(_CLASSES[posix["name"]], len(posix[0]))
            elif not character:
                self._refuse("a `[` is not closed")
            elif character == "\\":
                self._put_escaped(_SAME_IN_CLASS, _SPACES_IN_CLASS)
            else:
                # Python keeps these for sets in sets.
                self._put("\\" + character if character in "[]&|~" else character, 1)
        self._put("]", 1)

    def _open(self) -> None:
        group = self._groups[-1]
        if not self._pattern.startswith("(?", self._at):
            self._groups.append(_Group(group.i, group.m, group.s, base=group.i))
            self._put("(", 1)
            return
        match = _GROUP.match(self._pattern, self._at)
        if match is None:
            self._refuse("`(?` is followed by what Go does not know")
        if match["name"]:
            self._groups.append(_Group(group.i, group.m, group.s, base=group.i))
            self._put(f"(?P<{match['name']}>", len(match[0]))
            return
        on, off = match["on"], match["off"] or ""
        if "U" in on + off:
            self._refuse("the flag `U` has no like in Python")
        flags = {flag: flag in on or (getattr(group, flag) and flag not in off) for flag in "ims"}
        if match["end"] == ":":
            self._groups.append(_Group(**flags, base=group.i))
            self._put("(?:", len(match[0]))
            self._wrap()
        else:
            self._unwrap()
            self._put("", len(match[0]))
            self._groups[-1] = _Group(**flags, base=group.base)
            self._wrap()

    def _close(self) -> None:
        self._unwrap()
        self._groups.pop()
        if not self._groups:
            self._refuse("a `)` closes nothing")
        self._put(")", 1)

    def _wrap(self) -> None:
        group = self._groups[-1]
        if group.i != group.base:
            group.wrapped = True
            self._output.append("(?i:" if group.i else "(?-i:")

    def _unwrap(self) -> None:
        if self._groups[-1].wrapped:
            self._groups[-1].wrapped = False
            self._output.append(")")

    def _refuse(self, reason: str) -> NoReturn:
        raise ValueError(reason)
