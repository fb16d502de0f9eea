"""JSON for dataclasses, derived from their type hints. All documents that programs exchange have
this form.

An object has a key for each field of its dataclass. A field that has its default value is left out,
and may be missing. Everything else is strict: an unknown key, a missing key and a wrong type are
errors.

Fields may be `str`, `int`, `bool`, `float`, `bytes` (base-64), None, `Any`, enums (by value),
paths, dataclasses, unions, tuples, lists, frozen sets and mappings from text. Classes with both
`parse` and `__str__`, such as `Sha256` and `StorePath`, are text.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from itertools import repeat
from pathlib import Path, PurePath
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Optional,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from lading.values.errors import LadingError

_T = TypeVar("_T")
_Decoder = Callable[[Any], Any]

_JSON_NAMES: Dict[Any, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    type(None): "null",
    dict: "an object",
    list: "a list",
}


class DocumentError(ValueError):
    """What is wrong with a document. `where` is the path of the wrong value, such as
    ".layers[2].size"."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.file = self.where = ""

    def __str__(self) -> str:
        where = f"`{self.where.lstrip('.')}`" if self.where else "it"
        return f"{self.file and f'{self.file}: '}{where} {self.args[0]}"

    def below(self, key: str) -> "DocumentError":
        self.where = key + self.where
        return self


def to_json(value: object, indent: Optional[int] = None) -> str:
    """JSON with sorted keys: equal values have equal text. It is one line, unless people will read
    it.

    It is ASCII, so that surrogates, which stand for bytes that are not UTF-8, survive.
    """
    return json.dumps(value, default=_plain, sort_keys=True, indent=indent) + "\n"


def from_json(kind: Type[_T], text: Union[str, bytes]) -> _T:
    """Raises DocumentError for what `to_json` does not write. Errors of dataclasses themselves,
    such as a LadingError about a field of a target, are passed on."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"is not JSON: {error}") from error
    hint: Any = kind
    decoded: _T = _decoder(hint)(value)
    return decoded


def read_json(kind: Type[_T], path: Path) -> _T:
    """Like `from_json`, for a file, which errors name."""
    try:
        return from_json(kind, path.read_bytes())
    except DocumentError as error:
        error.file = str(path)
        raise


def _plain(value: Any) -> Any:
    """Convert `value`, which `json` does not support, one step towards what it supports."""
    if isinstance(value, Enum):
        return value.value
    kind: Any = type(value)
    if _is_text(kind):
        return str(value)
    if is_dataclass(value):
        items = ((name, getattr(value, name), default) for name, default in _defaults(kind))
        return {name: item for name, item, default in items if item != default}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value, key=str)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value)} has no form in JSON")


@lru_cache(maxsize=None)
def _is_text(kind: Any) -> bool:
    return issubclass(kind, PurePath) or (hasattr(kind, "parse") and "__str__" in vars(kind))


@lru_cache(maxsize=None)
def _defaults(kind: Any) -> Tuple[Tuple[str, Any], ...]:
    """Name and default of each field; MISSING if there is none."""
    return tuple((field.name, _default(field)) for field in fields(kind))


def _default(field: "Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


@lru_cache(maxsize=None)
def _decoder(hint: Any) -> _Decoder:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: value
    if hint in _JSON_NAMES:
        return _exactly(hint)
    if origin is Union:
        return _one_of(tuple(map(_decoder, arguments)))
    if origin is tuple and arguments[-1] is not ...:
        return _row(tuple(map(_decoder, arguments)))
    if origin in (tuple, list, frozenset):
        return _list(origin, _decoder(arguments[0]))
    if origin in (dict, Mapping):
        assert arguments[0] is str, f"a key of a JSON object is text, not {arguments[0]}"
        return _mapping(_decoder(arguments[1]))
    if hint is bytes:
        return _made(_exactly(str), lambda text: base64.b64decode(text, validate=True))
    if issubclass(hint, Enum):
        return _made(_decoder(Any), hint)
    if _is_text(hint):
        return _made(_exactly(str), getattr(hint, "parse", hint))
    return _dataclass(hint)


def _exactly(kind: Any) -> _Decoder:
    def decode(value: Any) -> Any:
        if type(value) is not kind:  # for isinstance, True is an int
            raise DocumentError(f"must be {_JSON_NAMES[kind]}, not {value!r:.60}")
        return value

    return decode


def _made(check: _Decoder, make: Callable[[Any], Any]) -> _Decoder:
    def decode(value: Any) -> Any:
        try:
            return make(check(value))
        except DocumentError:
            raise
        except (ValueError, LadingError) as error:
            raise DocumentError(f"is wrong: {error}") from error

    return decode


def _one_of(decoders: Tuple[_Decoder, ...]) -> _Decoder:
    def decode(value: Any) -> Any:
        problems = []
        for decoder in decoders:
            try:
                return decoder(value)
            except DocumentError as error:
                problems.append(error)
        # The deepest error is about the alternative that fits best.
        raise max(problems, key=lambda error: len(error.where))

    return decode


def _row(decoders: Tuple[_Decoder, ...]) -> _Decoder:
    def decode(value: Any) -> Any:
        if len(_exactly(list)(value)) != len(decoders):
            raise DocumentError(f"must have {len(decoders)} items, not {len(value)}")
        return tuple(_items(value, decoders))

    return decode


def _list(kind: Any, decoder: _Decoder) -> _Decoder:
    check = _exactly(list)
    return lambda value: kind(_items(check(value), repeat(decoder)))


def _mapping(decoder: _Decoder) -> _Decoder:
    check = _exactly(dict)

    def decode(value: Any) -> Any:
        made, key = {}, ""
        check(value)
        try:
            for key, item in value.items():
                made[key] = decoder(item)
        except DocumentError as error:
            raise error.below(f".{key}") from None
        return made

    return decode


def _dataclass(kind: Any) -> _Decoder:
    hints = get_type_hints(kind)
    decoders = {name: _decoder(hints[name]) for name, _ in _defaults(kind)}
    required = {name for name, default in _defaults(kind) if default is MISSING}
    check = _exactly(dict)

    def decode(value: Any) -> Any:
        if not required <= check(value).keys() <= decoders.keys():
            raise _wrong_keys(value.keys() - decoders.keys(), required - value.keys())
        made, key = value.copy(), ""
        try:
            for key, item in value.items():
                if type(item) is not hints[key]:
                    made[key] = decoders[key](item)
        except DocumentError as error:
            raise error.below(f".{key}") from None
        return kind(**made)

    return decode


def _wrong_keys(unknown: Set[str], missing: Set[str]) -> DocumentError:
    if unknown:
        return DocumentError(f"has an unknown key {min(unknown)!r}")
    return DocumentError(f"is missing the required key {min(missing)!r}")


def _items(items: Iterable[Any], decoders: Iterable[_Decoder]) -> List[Any]:
    made: List[Any] = []
    try:
        for item, decoder in zip(items, decoders):
            made.append(decoder(item))
    except DocumentError as error:
        raise error.below(f"[{len(made)}]") from None
    return made
