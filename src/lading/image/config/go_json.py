"""What Go's decoder accepts for the fields of a type (encoding/json, Unmarshal).

Everything that loads images is written in Go. So a document is read as Go reads it: null means "not
set", `user` is `User`, and a value of another type makes the whole document unreadable.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, Dict, List, Mapping, Protocol

from lading.values.foreign_text import printable, shown


class MalformedError(ValueError):
    """A document of an image is malformed; the text says why."""


class GoType(Protocol):
    """A type of value."""

    @property
    def name(self) -> str:
        """The type's name with an article."""

    @property
    def zero(self) -> Any:
        """What Go makes of null in a list or a map."""

    def read(self, value: Any, place: str) -> Any:
        """`value`, which is not None, with Go's names and zero values.

        Raises MalformedError, naming `place`, if it is of another type."""


@dataclass(frozen=True)
class Scalar:
    name: str
    accepts: Callable[[Any], bool]
    zero: Any = None

    def read(self, value: Any, place: str) -> Any:
        if not self.accepts(value):
            raise _wrong(self, value, place)
        return value


@dataclass(frozen=True)
class ListOf:
    item: GoType
    name: str = "a list"
    # Whether a single item may stand for a list of it, as docker allows.
    takes_one: bool = False

    @property
    def zero(self) -> List[Any]:
        return []

    def read(self, value: Any, place: str) -> List[Any]:
        if self.takes_one and isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            raise _wrong(self, value, place)
        return [
            _read_inner(self.item, inner, f"{place}[{number}]")
            for number, inner in enumerate(value)
        ]


@dataclass(frozen=True)
class MapOf:
    """A map whose keys are any text that `key` accepts."""

    item: GoType
    key: GoType
    name: str = "an object"

    @property
    def zero(self) -> Dict[str, Any]:
        return {}

    def read(self, value: Any, place: str) -> Dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(self, value, place)
        return {
            self.key.read(key, f"a key of {place}"): _read_inner(self.item, inner, _in(place, key))
            for key, inner in value.items()
        }


@dataclass(frozen=True)
class Struct:
    """A struct: its fields by name. Unknown fields are kept as they are, and so is null."""

    fields: Mapping[str, GoType]
    name: str = "an object"
    _names: Dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names.update((name.casefold(), name) for name in self.fields)

    @property
    def zero(self) -> Dict[str, Any]:
        return {}

    def read(self, value: Any, place: str) -> Dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(self, value, place)
        read: Dict[str, Any] = {}
        for key, inner in value.items():
            name = key if key in self.fields else self._names.get(key.casefold(), key)
            if name in read:
                # In Go the later one wins, or both are merged; other languages take one of them.
                raise MalformedError(f"`{_in(place, name)}` occurs in two spellings")
            kind = self.fields.get(name)
            known = kind is not None and inner is not None
            read[name] = kind.read(inner, _in(place, key)) if kind and known else inner
        return read


def _read_inner(kind: GoType, value: Any, place: str) -> Any:
    return kind.zero if value is None else kind.read(value, place)


def _in(place: str, key: str) -> str:
    return f"{place}.{printable(shown(key))}" if place else printable(shown(key))


def _wrong(kind: GoType, value: Any, place: str) -> MalformedError:
    return MalformedError(f"`{place}` is {shown(repr(value))}, but must be {kind.name}")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63


# The format since Go 1.20; earlier versions accepted some others as well.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


def _is_time(value: Any) -> bool:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    # Go has a year 0, a leap year; Python does not.
    text = re.sub("^0000", "2000", match[1])
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    return True


STRING = Scalar("a string", lambda value: isinstance(value, str), "")
#: Text that is passed to the kernel, where NUL ends it.
KERNEL_STRING = Scalar(
    "a string without NUL characters",
    lambda value: isinstance(value, str) and "\0" not in value,
    "",
)
BOOLEAN = Scalar("true or false", lambda value: isinstance(value, bool), False)
INTEGER = Scalar("an integer of 64 bits", _is_integer, 0)
TIME = Scalar("a time such as 2024-01-31T12:00:00Z", _is_time, "0001-01-01T00:00:00Z")

STRINGS = ListOf(STRING, "a list of strings")
STRING_MAP = MapOf(STRING, STRING, "an object of strings")


def set_of(key: GoType) -> MapOf:
    """A set of texts: an object with these keys, whose values mean nothing."""
    return MapOf(Struct({}), key)
