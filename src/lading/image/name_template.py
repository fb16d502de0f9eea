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


class Part(Enum):
    HASH = "hash"
    ENVIRONMENT = "env"
    VERSION = "version"


def parts(field: str, text: str) -> Iterator[Tuple[Part, str]]:
    """The parts of `text` in braces: the kind, and the variable or address. `field` is where `text`
    was written.

    Raises LadingError for anything else in braces.
    """
    for match in _PLACEHOLDER.finditer(text):
        yield _parse(field, text, match[1])


def fill(field: str, text: str, value_of: Callable[[Part, str], str]) -> str:
    """`text` with each part replaced by its value."""
    return _PLACEHOLDER.sub(lambda match: value_of(*_parse(field, text, match[1])), text)


def fill_hash(text: str, digest: Sha256) -> str:
    """`text`, which has no other parts any more, with this image's digest filled in."""
    return text.replace("{hash}", digest.hex[:_HASH_DIGITS])


def sample(field: str, text: str) -> str:
    """An example of what `text` may become, to check the rest of it. Raises LadingError for a bad
    part."""
    return fill(field, text, lambda part, name: "0" * _HASH_DIGITS if part is Part.HASH else "1")


def _parse(field: str, text: str, content: str) -> Tuple[Part, str]:
    kind, _, name = content.partition(":")
    if content == Part.HASH.value:
        return Part.HASH, ""
    if kind == Part.ENVIRONMENT.value and _VARIABLE.fullmatch(name):
        return Part.ENVIRONMENT, name
    if kind == Part.VERSION.value and name:
        return Part.VERSION, name
    raise LadingError(
        f"`{field}` has {text!r}, in which {{{content}}} is unknown. Write `{{hash}}` for the "
        "image's digest, `{env:NAME}` for a variable, or `{version://path/to:package}` for "
        "the version of a store package."
    )
