"""Environment variables in an image's config (OCI image-spec, config.md, Env)."""

import re
from typing import Mapping

from lading.values.errors import LadingError

# POSIX allows more, but shells can't read other names (XBD 8.1). Dots and dashes occur in practice,
# and programs can read them.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def check_environment(env: Mapping[str, str]) -> None:
    for name, value in env.items():
        if "=" in name:
            key, _, rest = name.partition("=")
            raise LadingError(
                f"`env` has the name {name!r} with an `=` in it. Write `{{{key!r}: {rest!r}}}`."
            )
        if not _NAME.fullmatch(name):
            raise LadingError(
                f"`env` has the name {name!r}. A name has letters, digits and `_`, and does not "
                "begin with a digit."
            )
        if "\0" in value:
            raise LadingError(
                f"`env` gives {name} the value {value!r}, but no variable can hold a NUL "
                "character. Remove it."
            )
