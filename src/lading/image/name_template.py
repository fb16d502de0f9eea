"""Names of images with parts that are filled in later.

`repository` and `image_tags` may contain any number of these:

    {hash}                       the first 12 digits of the image's digest
    {env:NAME}                   an environment variable of Pants' user
    {version://path/to:package}  the version of a store package
"""

import re
from enum import Enum
from typing import Callable, Iterator, Tuple

from lading.values.digest import Sha256
from lading.values.errors import LadingError

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_HASH_DIGITS = 12


class Placeholder(Enum):
    HASH = "hash"
    ENVIRONMENT = "env"
    VERSION = "version"


def placeholders(field: str, text: str) -> Iterator[Tuple[Placeholder, str]]:
    """What `text` has in braces: the kind, and the variable or address. `field` is where `text`
    was written.

    Raises LadingError for anything else in braces.
    """
    for match in _PLACEHOLDER.finditer(text):
        yield _parse(field, text, match[1])


def fill(field: str, text: str, value_of: Callable[[Placeholder, str], str]) -> str:
    """`text` with each placeholder replaced by its value."""
    return _PLACEHOLDER.sub(lambda match: value_of(*_parse(field, text, match[1])), text)


def fill_hash(text: str, digest: Sha256) -> str:
    """`text`, which has no other placeholders any more, with this image's digest filled in."""
    return text.replace("{hash}", digest.hex[:_HASH_DIGITS])


def sample(field: str, text: str) -> str:
    """An example of what `text` may become, to check the rest of it. Raises LadingError for a bad
    part."""
    return fill(
        field, text, lambda kind, name: "0" * _HASH_DIGITS if kind is Placeholder.HASH else "1"
    )


def _parse(field: str, text: str, content: str) -> Tuple[Placeholder, str]:
    kind, _, name = content.partition(":")
    if content == Placeholder.HASH.value:
        return Placeholder.HASH, ""
    if kind == Placeholder.ENVIRONMENT.value and _VARIABLE.fullmatch(name):
        return Placeholder.ENVIRONMENT, name
    if kind == Placeholder.VERSION.value and name:
        return Placeholder.VERSION, name
    raise LadingError(
        f"`{field}` has {text!r}, in which {{{content}}} is unknown. Write `{{hash}}` for the "
        "image's digest, `{env:NAME}` for a variable, or `{version://path/to:package}` for "
        "the version of a store package."
    )
