"""Registry hosts in options."""

import re
from typing import Sequence, Tuple

from lading.image.config.ports import MAX_PORT
from lading.values.errors import LadingError

_HOST = re.compile(r"(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?")


def parse_registry_host(text: str, option: str) -> str:
    """A host, with an optional port, in lower case. Raises a LadingError about `option` if it is
    none."""
    host = text.lower()
    match = _HOST.fullmatch(host)
    if match is None or not 1 <= int(match["port"] or 1) <= MAX_PORT:
        raise LadingError(
            f"{option} has {without_user(text)!r}, which is not the host of a registry. Write it "
            "as in names of images, such as `docker.io` or `registry.example:5000`."
        )
    return host


def parse_insecure_hosts(option: Sequence[str]) -> Tuple[str, ...]:
    """The value of `[lading].insecure_registries`."""
    return tuple(parse_registry_host(text, "`[lading].insecure_registries`") for text in option)


def without_user(text: str) -> str:
    """An address for a message: the text before its `@` may contain a password."""
    return re.sub(r"[^/\s]*@", "...@", text)
