"""Expected values in the image's config.

    config={
        "user": "redis",
        "cmd": ["redis-server"],
        "env": {"LANG": "C.UTF-8", "DEBUG": None},
        "exposed_ports": ["6379"],
    }
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Iterator, Mapping, Optional, Tuple, Union

from lading.checks.fields import Fields
from lading.checks.go_syntax.pattern import Pattern
from lading.checks.outcome import Outcome, difference, listed
from lading.image.config.ports import parse_port
from lading.image.config.runtime_config import RuntimeConfig
from lading.image.config.user import User
from lading.image.root.account_files import AccountFiles
from lading.image.root.process_user import resolve_user
from lading.values.errors import LadingError

FIELD = "config"

EXAMPLE = '{"user": "redis", "cmd": ["redis-server"]}'

_TEXTS = ("user", "working_dir", "stop_signal")
_LISTS = ("entrypoint", "cmd", "exposed_ports", "volumes")
_DICTIONARIES = ("env", "labels")
_KEYS = (*_LISTS[:2], *_DICTIONARIES, *_LISTS[2:], *_TEXTS)

_Expected = Union[str, Tuple[str, ...], Pattern, None]


class Comparison(Enum):
    IS = "is"
    MATCHES = "matches"
    HAS = "has"
    LACKS = "lacks"


@dataclass(frozen=True)
class ConfigCheck:
    """`key` is a field of `docker_image`; `entry` is the checked key if the field is a dictionary,
    else "".

    IS: the value is `expected`; None for an entry that must be missing. MATCHES: `expected` is a
    pattern. HAS, LACKS: `expected` is among the ports or volumes; a port without a protocol matches
    any.
    """

    key: str
    entry: str
    relation: Comparison
    expected: _Expected

    @property
    def name(self) -> str:
        return f"config {self.key} {self.entry}".rstrip()

    def judge(self, config: RuntimeConfig, accounts: AccountFiles) -> Outcome:
        return Outcome(self.name, tuple(self._failures(config, accounts)))

    def _failures(self, config: RuntimeConfig, accounts: AccountFiles) -> Iterator[str]:
        actual = config.value(self.key)
        if isinstance(actual, Mapping):
            yield from self._entry_failures(actual.get(self.entry))
        elif self.relation is Comparison.IS:
            expected = self.expected
            if self.key == "user" and isinstance(expected, str) and isinstance(actual, str):
                expected, actual = (_numeric(user, accounts) for user in (expected, actual))
            if expected != actual:
                yield f"expected {_show(expected)}\nactual   {_show(actual)}"
        elif (self.relation is Comparison.HAS) != self._is_among(actual):
            must = "must have" if self.relation is Comparison.HAS else "must not have"
            yield f"{must} {self.expected}, but is {_show(actual)}"

    def _is_among(self, values: object) -> bool:
        assert isinstance(values, tuple)
        if self.key == "exposed_ports" and isinstance(self.expected, str):
            return any(self.expected in (port, port.partition("/")[0]) for port in values)
        return self.expected in values

    def _entry_failures(self, actual: Optional[str]) -> Iterator[str]:
        if isinstance(self.expected, Pattern):
            if actual is None or not self.expected.matches(actual):
                yield difference("value", f"a match of {self.expected.text}", _show(actual))
        elif actual != self.expected:
            yield difference("value", _show(self.expected), _show(actual))


def parse_config(value: Any) -> Tuple[ConfigCheck, ...]:
    """Reads the field. Raises LadingError if it is invalid."""
    fields = Fields.parse(f"`{FIELD}` has", value, _KEYS, EXAMPLE)
    return tuple(check for key in _KEYS if key in value for check in _parse_key(fields, key))


def _parse_key(fields: Fields, key: str) -> Iterator[ConfigCheck]:
    value = fields.values[key]
    if key in _DICTIONARIES:
        if not isinstance(value, Mapping):
            raise LadingError(
                f'`{FIELD}` has {value!r} for {key}. Write a dictionary such as `{{"NAME": '
                '"value", "OTHER": None}`; None means that it must not exist.'
            )
        for entry in sorted(value, key=str):
            text = value[entry]
            if not isinstance(entry, str) or not (text is None or isinstance(text, str)):
                raise LadingError(
                    f"`{FIELD}` has {entry!r}: {text!r} for {key}. Write strings, or None for an "
                    "entry that must not exist."
                )
            yield ConfigCheck(key, entry, Comparison.IS, text)
    elif key in _LISTS:
        words = fields.words(key, '["redis-server"]')
        yield ConfigCheck(key, "", Comparison.IS, _as_config_has(key, words or ()))
    else:
        text = fields.text(key)
        if key == "user" and text:
            User.parse(text)
        yield ConfigCheck(key, "", Comparison.IS, text or "")


def _as_config_has(key: str, words: Tuple[str, ...]) -> Tuple[str, ...]:
    if key == "exposed_ports":
        return tuple(sorted(port for word in words for port in parse_port(word)))
    return tuple(sorted(words)) if key == "volumes" else words


def _numeric(user: str, accounts: AccountFiles) -> str:
    try:
        return resolve_user(user, accounts) if user else user
    except LadingError:
        return user  # the image has no such user, which the difference shows


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        return listed(value)
    return f'"{value}"'
