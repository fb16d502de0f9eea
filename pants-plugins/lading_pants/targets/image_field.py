"""How the fields of `docker_image` check what stands in BUILD files."""

from __future__ import annotations

from typing import Callable

from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException

from lading.errors import LadingError
from lading.interpolation import substitute

ALIAS = "docker_image"

INTERPOLATION_HELP = (
    " `{//path/to:package}` stands for the package's store path, and puts the package into the "
    "image."
)

# Stands for the store path of an interpolated address as long as it is not known.
_SOME_STORE_PATH = "/store/" + "0" * 32 + "-package"


def refuse(address: Address, reason: object) -> InvalidFieldException:
    return InvalidFieldException(f"`{ALIAS}` {address}: {reason}")


def check(address: Address, check: Callable[..., object], *arguments: object) -> None:
    try:
        check(*arguments)
    except LadingError as error:
        raise refuse(address, error) from error


def with_some_store_path(text: str) -> str:
    return substitute(text, lambda _: _SOME_STORE_PATH)
