"""Ports that an image says it listens on (OCI image-spec, config.md, ExposedPorts)."""

import re
from typing import Tuple

from lading.values.errors import LadingError

PROTOCOLS = ("tcp", "udp", "sctp")
MAX_PORT = 65535

_PORT = re.compile(r"(?P<first>[0-9]{1,5})(?:-(?P<last>[0-9]{1,5}))?(?:/(?P<protocol>.*))?")


def parse_port(text: str) -> Tuple[str, ...]:
    """The ports that `text` names, each as `number/protocol`.

    `6379` means `6379/tcp`. A range such as `6000-6010/udp` becomes single ports, because the OCI
    config has no ranges.
    """
    match = _PORT.fullmatch(text)
    if match is None:
        raise _malformed(text, "a number from 1 to 65535 is needed")
    protocol = "tcp" if match["protocol"] is None else match["protocol"]
    if protocol not in PROTOCOLS:
        raise _malformed(text, f"the protocol is one of {', '.join(PROTOCOLS)}")
    first = int(match["first"])
    last = int(match["last"] or first)
    if not (1 <= first <= MAX_PORT and 1 <= last <= MAX_PORT):
        raise _malformed(text, f"ports go from 1 to {MAX_PORT}")
    if last < first:
        raise _malformed(text, "the range goes backwards")
    return tuple(f"{port}/{protocol}" for port in range(first, last + 1))


def _malformed(text: str, reason: str) -> LadingError:
    return LadingError(
        f"`exposed_ports` has {text!r}, but {reason}. Write `6379`, `6379/udp` or `6000-6010`."
    )
