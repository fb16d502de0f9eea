"""Reads the YAML of a container-structure-test file; every scalar is a string."""

import difflib
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Tuple, TypeVar

from lading.checks.go_syntax.pattern import Pattern
from lading.values.errors import LadingError

_TRUE, _FALSE = ("true", "yes", "on", "y"), ("false", "no", "off", "n")

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True)
class DocumentNode:
    """A value in the file. `where` is the file and the path in it."""

    where: str
    value: Any

    def mapping(self, keys: Sequence[str]) -> "MappingNode":
        if not isinstance(self.value, Mapping):
            raise LadingError(
                f"{self.where}: {self.value!r} is not a mapping. Its keys are {', '.join(keys)}."
            )
        for key in self.value:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"The keys are {', '.join(keys)}."
                raise LadingError(f"{self.where}: container-structure-test has no {key!r}. {hint}")
        return MappingNode(self.where, self.value)

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise LadingError(f"{self.where}: {self.value!r} is not a string. Write one.")
        return self.value

    def elements(self) -> Iterator["DocumentNode"]:
        if not isinstance(self.value, list):
            raise LadingError(f"{self.where}: {self.value!r} is not a list. Write one.")
        for number, value in enumerate(self.value, 1):
            yield DocumentNode(f"{self.where}, number {number}", value)

    def words(self) -> Tuple[str, ...]:
        return tuple(node.text() for node in self.elements())


@dataclass(frozen=True)
class MappingNode:
    where: str
    values: Mapping[str, Any]

    def node(self, key: str) -> Optional[DocumentNode]:
        """None if it is missing or empty."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        return DocumentNode(f"{self.where}, {key}", value)

    def text(self, key: str) -> str:
        node = self.node(key)
        return node.text() if node else ""

    def required(self, key: str) -> str:
        text = self.text(key)
        if not text:
            raise LadingError(f"{self.where}: missing required key {key!r}. Add it.")
        return text

    def words(self, key: str) -> Tuple[str, ...]:
        node = self.node(key)
        return node.words() if node else ()

    def each(self, key: str, parse: Callable[[DocumentNode], _Parsed]) -> Tuple[_Parsed, ...]:
        node = self.node(key)
        return tuple(parse(element) for element in node.elements()) if node else ()

    def boolean(self, key: str, default: bool) -> bool:
        text = self.text(key)
        if text and text.lower() not in (*_TRUE, *_FALSE):
            raise LadingError(f"{self.where}: {key} is {text!r}. Write true or false.")
        return text.lower() in _TRUE if text else default

    def number(self, key: str) -> Optional[int]:
        text = self.text(key)
        try:
            return int(text) if text else None
        except ValueError as error:
            raise LadingError(f"{self.where}: {key} is {text!r}. Write a number.") from error

    def patterns(self, key: str) -> Tuple[Pattern, ...]:
        where = f"{self.where}: {key} has"
        return tuple(Pattern.parse_go(where, text) for text in self.words(key))
