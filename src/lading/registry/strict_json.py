"""Reads JSON strictly (RFC 8259), so that every program reads it the same way; Python's reader
accepts more."""

import json
import math
from collections import Counter
from typing import Any, Dict, List, NoReturn, Tuple

# A 64-bit number with its sign. The time to parse a number grows with the square of its length.
_LONGEST_INTEGER = 20

# The depth of nested lists and objects. Python's own limit depends on the caller's stack.
_DEEPEST = 100


def parse_strictly(content: bytes) -> Any:
    """Raises ValueError for anything that is not JSON in UTF-8, including lone surrogates, infinite
    numbers and duplicate names, and ValueError or RecursionError if it is nested too deeply."""
    value = json.loads(
        content.decode("utf-8"),
        object_pairs_hook=_object,
        parse_int=_integer,
        parse_float=_float,
        parse_constant=_constant,
    )
    _check_depth(value)
    # A lone surrogate, written as an escape, is no character.
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _check_depth(value: Any) -> None:
    level = _nested([value])
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _nested(one)]
    if level:
        raise ValueError(f"nested more than {_DEEPEST} deep")


def _nested(value: Any) -> List[Any]:
    """The lists and objects directly in `value`."""
    values = value.values() if isinstance(value, dict) else value
    return [one for one in values if isinstance(one, (dict, list))]


def _object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """If a name occurs twice, Python takes the last value; Go merges them."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name in fields if counts[name] > 1)
        raise ValueError(f"the key {twice[:40]!r} twice in one object")
    return fields


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]}")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(text)
