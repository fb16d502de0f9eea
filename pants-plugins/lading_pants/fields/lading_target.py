"""Common behaviour of the fields of every Lading target."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from pants.engine.target import InvalidTargetException, Target


class LadingTarget(Target):
    """Refuses texts that can't be encoded in UTF-8, which `\\ud800` can put into a BUILD file."""

    def validate(self) -> None:
        for field in self.field_values.values():
            for text in _texts(field.value):
                lone = next((char for char in text if "\ud800" <= char <= "\udfff"), None)
                if lone is not None:
                    raise InvalidTargetException(
                        f"`{self.alias}` {self.address}: `{field.alias}` has {lone!r}, half of a "
                        "surrogate pair, which no file can hold. Write the character itself, or "
                        "its `\\U` escape."
                    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
