"""How the fields of `docker_image` validate their values in BUILD files."""

from __future__ import annotations

from typing import Any, Callable, ClassVar, Iterable, Mapping, Optional

from pants.engine.addresses import Address
from pants.engine.target import Field, InvalidFieldException, StringField, StringSequenceField
from pants.util.frozendict import FrozenDict

from lading.values.errors import LadingError
from lading.values.field_text import field_text
from lading.values.foreign_text import printable

ALIAS = "docker_image"

INTERPOLATION_HELP = (
    "`{//path/to:package}` stands for the package's store path, and adds the package to the image."
)

# Stands for the store path of an interpolated address while it is not known.
_SOME_STORE_PATH = "/store/" + "0" * 32 + "-package"


def refuse(address: Address, reason: object, target: str = ALIAS) -> InvalidFieldException:
    return InvalidFieldException(printable(f"`{target}` {address}: {reason}"))


def check(
    address: Address, check: Callable[..., object], *arguments: object, target: str = ALIAS
) -> None:
    try:
        check(*arguments)
    except LadingError as error:
        raise refuse(address, error, target) from error


def with_some_store_path(text: str) -> str:
    return field_text(text, lambda _: _SOME_STORE_PATH)


class TextField(StringField):
    """A string. `check_value`, a static or class method, is called with the string as it is
    written."""

    check_value: ClassVar[Callable[[str], object]]

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address)
        if value is not None:
            check(address, cls.check_value, value)
        return value


class ListField(StringSequenceField):
    """A list of strings. `check_element` is called with each, `check_list` with all, as they are
    written."""

    example: ClassVar[str]

    @classmethod
    def check_list(cls, elements: tuple[str, ...]) -> None:
        pass

    @classmethod
    def check_element(cls, element: str) -> None:
        pass

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Iterable[str]], address: Address
    ) -> Optional[tuple[str, ...]]:
        if raw_value is None:
            return super().compute_value(None, address)
        if isinstance(raw_value, str):
            raise refuse(
                address,
                f"`{cls.alias}` is {raw_value!r}, which is a string. Write a list: "
                f"`{cls.alias}={cls.as_list(raw_value)}`.",
            )
        if not isinstance(raw_value, (list, tuple)):
            raise refuse(
                address,
                f"`{cls.alias}` is {raw_value!r}, which is not a list. Write a list such as "
                f"`{cls.example}`.",
            )
        for element in raw_value:
            if not isinstance(element, str):
                raise refuse(
                    address,
                    f"`{cls.alias}` has {element!r}, which is not a string. Write a list of "
                    f"strings such as `{cls.example}`.",
                )
            check(address, cls.check_element, element)
        check(address, cls.check_list, tuple(raw_value))
        return super().compute_value(raw_value, address)

    @classmethod
    def as_list(cls, text: str) -> str:
        """The list that somebody who wrote `text` probably meant."""
        return bracketed([text])


class DictionaryField(Field):
    """A dictionary with strings as keys. `check_value`, a static or class method, is called with it
    as it is written. Errors name the kind of `target` that has the field."""

    value: Optional[FrozenDict[str, Any]]
    default = None
    example: ClassVar[str]
    target: ClassVar[str] = ALIAS
    check_value: ClassVar[Callable[[Mapping[str, Any]], object]]

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Mapping[str, Any]], address: Address
    ) -> Optional[FrozenDict[str, Any]]:
        value = super().compute_value(raw_value, address)
        if value is None:
            return None
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise refuse(
                address,
                f"`{cls.alias}` is {value!r}, which is not a dictionary with strings as keys. "
                f"Write one such as `{cls.example}`.",
                cls.target,
            )
        check(address, cls.check_value, value, target=cls.target)
        return FrozenDict.deep_freeze(value)


def bracketed(words: Iterable[str]) -> str:
    # With double quotes, as in BUILD files.
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "[" + ", ".join(f'"{word}"' for word in quoted) + "]"
