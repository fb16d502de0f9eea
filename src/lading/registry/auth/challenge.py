"""A server's demand for authorization (RFC 9110, 11.6.1 WWW-Authenticate)."""

import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Tuple

import requests

from lading.network.faults import UnavailableError
from lading.network.metered_session import zone_of
from lading.network.zone import Zone
from lading.values.counted import counted

#: In characters. Real registries' challenges have a few hundred.
_LONGEST = 1 << 14

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

#: An auth-param, an auth-scheme, or text to skip. Values without quotes may contain characters that
#: need quotes, such as the slashes of a realm: some servers forget them. An unclosed quote takes
#: the rest of the text, so that matching stays linear.
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
    """`scheme` and the names of `parameters` are in lower case. `zone` is the server's network
    zone."""

    scheme: str
    parameters: Mapping[str, str]
    zone: Zone = Zone.INTERNET


def challenges_of(response: requests.Response) -> Tuple[Challenge, ...]:
    """Raises UnavailableError if there are more than any server can mean."""
    header = response.headers.get("WWW-Authenticate", "")
    if len(header) > _LONGEST:
        raise UnavailableError(
            f"it asks for credentials in {counted(len(header), 'byte')} of WWW-Authenticate"
        )
    return parse_challenges(header, zone_of(response))


def parse_challenges(header: str, zone: Zone = Zone.INTERNET) -> Tuple[Challenge, ...]:
    """The challenges of a header, in order; join several headers with commas first.

    Text that can't be parsed is skipped, because it is the server's fault and the user can't fix
    it.
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
