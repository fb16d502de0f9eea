"""What a server asks to be told before it answers (RFC 9110, 11.6.1 WWW-Authenticate)."""

import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Tuple

import requests

from lading.network.faults import UnavailableError
from lading.network.metered_session import zone_of
from lading.network.zone import Zone
from lading.values.counted import counted

#: Characters. Those of real registries have some hundred.
_LONGEST = 1 << 14

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

#: An auth-param, an auth-scheme, or what is to be skipped. Values without quotes may hold what
#: belongs in quotes, such as the slashes of a realm: some servers forget them. A quote that
#: nothing closes takes the rest, so that no character is looked at for each quote before it.
_ITEM = re.compile(
    rf'(?P<name>{_TOKEN})[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))'
    rf'|{_TOKEN}[ \t]*=[ \t]*".*'
    rf"|(?P<scheme>{_TOKEN})(?=[ \t,]|\Z)"
    r"|[ \t,\r\n]+"
    r"|[^ \t,]+",
    re.DOTALL,
)


@dataclass(frozen=True)
class Challenge:
    """`scheme` and the names of `parameters` are in lower case. `zone` is where the server is."""

    scheme: str
    parameters: Mapping[str, str]
    zone: Zone = Zone.INTERNET


def challenges_of(response: requests.Response) -> Tuple[Challenge, ...]:
    """UnavailableError for more than a server can mean."""
    header = response.headers.get("WWW-Authenticate", "")
    if len(header) > _LONGEST:
        raise UnavailableError(
            f"it asks for credentials in {counted(len(header), 'byte')} of WWW-Authenticate"
        )
    return parse_challenges(header, zone_of(response))


def parse_challenges(header: str, zone: Zone = Zone.INTERNET) -> Tuple[Challenge, ...]:
    """The challenges of a header, in their order; several headers are to be joined by commas.

    What is not understood is skipped, for it is a server's fault that the user can't fix.
    """
    found: List[Tuple[str, Dict[str, str]]] = []
    for item in _ITEM.finditer(header):
        name, quoted, plain, scheme = item.group("name", "quoted", "plain", "scheme")
        if name and found:
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            found[-1][1].setdefault(name.lower(), value)
        elif scheme:
            found.append((scheme.lower(), {}))
    return tuple(Challenge(scheme, parameters, zone) for scheme, parameters in found)
