"""What a server asks to be told before it answers (RFC 9110, 11.6.1 WWW-Authenticate)."""

import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

#: One auth-param. Values without quotes may hold what belongs in quotes, such as the slashes of
#: a realm: some servers forget them.
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.DOTALL)
_SCHEME = re.compile(rf"({_TOKEN})(?=[ \t,]|$)")
_BETWEEN = re.compile(r"[ \t,\r\n]*")


@dataclass(frozen=True)
class Challenge:
    """`scheme` and the names of `parameters` are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> Tuple[Challenge, ...]:
    """The challenges of a header, in their order; several headers are to be joined by commas.

    What is not understood is skipped, for it is a server's fault that the user can't mend.
    """
    found: List[Tuple[str, Dict[str, str]]] = []
    position = 0
    while True:
        position = _end(_BETWEEN.match(header, position), position)
        if position == len(header):
            return tuple(Challenge(scheme, parameters) for scheme, parameters in found)
        parameter = _PARAMETER.match(header, position)
        scheme = None if parameter else _SCHEME.match(header, position)
        if parameter and found:
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            found[-1][1].setdefault(name.lower(), value)
        elif scheme:
            found.append((scheme.group(1).lower(), {}))
        position = _end(parameter or scheme, _next(header, position))


def _end(match: "Optional[re.Match[str]]", otherwise: int) -> int:
    return match.end() if match else otherwise


def _next(header: str, position: int) -> int:
    """Behind the comma or space that ends what stands at `position`."""
    stop = re.compile(r"[ \t,]").search(header, position)
    return stop.end() if stop else len(header)
