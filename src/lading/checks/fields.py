"""Reads the dictionaries in BUILD files that describe checks."""

import difflib
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Tuple

from lading.checks.go_syntax.pattern import Pattern
from lading.values.errors import LadingError


@dataclass(frozen=True)
class Fields:
    """`where` begins error messages and ends with a verb: "`files` gives '/data'"."""

    where: str
    values: Mapping[str, Any]

    @classmethod
    def parse(cls, where: str, value: Any, keys: Sequence[str], example: str) -> "Fields":
        if not isinstance(value, Mapping):
            raise LadingError(
                f"{where} {value!r}, which is not a dictionary. Write one such as `{example}`."
            )
        for key in value:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"The keys are {', '.join(keys)}."
                raise LadingError(f"{where} the unknown key {key!r}. {hint}")
        return cls(where, value)

    def text(self, key: str) -> Optional[str]:
        """None if the key is missing."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise LadingError(f"{self.where} the {key} {value!r}. Write a string.")
        return value

    def words(self, key: str, example: str) -> Optional[Tuple[str, ...]]:
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, (list, tuple)) or not all(isinstance(w, str) for w in value):
            raise LadingError(
                f"{self.where} the {key} {value!r}, which is not a list of strings. Write "
                f"`{example}`."
            )
        return tuple(value)

    def patterns(self, key: str) -> Tuple[Pattern, ...]:
        """One pattern, or a list of them."""
        value = self.values.get(key, ())
        texts = value if isinstance(value, (list, tuple)) else (value,)
        return tuple(Pattern.parse(f"{self.where}, in {key!r},", text) for text in texts)

    def number(self, key: str, default: int, lowest: int, highest: int) -> int:
        value: object = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise LadingError(
                f"{self.where} the {key} {value!r}. Write a number from {lowest} to {highest}."
            )
        return value

    def mapping(self, key: str, example: str) -> Tuple[Tuple[str, str], ...]:
        """Pairs of strings, sorted."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping) or not all(
            isinstance(part, str) for pair in value.items() for part in pair
        ):
            raise LadingError(
                f"{self.where} the {key} {value!r}, which is not a dictionary of strings. Write "
                f"`{example}`."
            )
        return tuple(sorted(value.items()))
