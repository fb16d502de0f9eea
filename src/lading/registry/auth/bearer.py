"""Tokens of a registry's token server (distribution, docs/spec/auth/token.md and oauth.md)."""

import base64
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests

from lading.fetch.client import is_transient, status_line
from lading.network.faults import TransientError, UnavailableError
from lading.network.safe_url import host_of
from lading.registry.answer import read_json, refusal
from lading.registry.auth.challenge import Challenge
from lading.registry.auth.credential import Credential, IdentityToken, Password

_DEFAULT_LIFETIME = 60

#: Seconds. A longer lifetime from a registry is not trusted.
_LONGEST_LIFETIME = 86400

_LARGEST_ANSWER = 1 << 20
_CLIENT_ID = "lading"

#: Sends one request: method, the challenge that names the server, URL, value of `Authorization`,
#: and the fields of a form or None. Redirects are not followed.
Ask = Callable[[str, Challenge, str, Optional[str], Optional[Mapping[str, str]]], requests.Response]


@dataclass(frozen=True)
class BearerToken:
    """`expires` is a time of the monotonic clock."""

    value: str = field(repr=False)
    expires: float


def basic_header(username: str, password: str) -> str:
    """The value of `Authorization` (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def exchange(
    ask: Ask,
    challenge: Challenge,
    credential: Optional[Credential],
    scopes: Sequence[str],
    clock: Callable[[], float] = time.monotonic,
) -> BearerToken:
    """A token for `scopes` from the token server of `challenge`; anonymous without credential.

    Raises UnavailableError if the server gives none, TransientError if it may give one later.
    """
    realm = challenge.parameters.get("realm", "")
    asked = clock()
    if isinstance(credential, IdentityToken):
        form = _oauth_form(challenge, credential, scopes)
        response = ask("POST", challenge, realm, None, form)
        if response.status_code in (404, 405):  # no OAuth 2 there
            response.close()
            response = _get(ask, challenge, (credential.username, credential.token), scopes)
    else:
        known = None
        if isinstance(credential, Password):
            known = (credential.username, credential.password)
        response = _get(ask, challenge, known, scopes)
    with response:
        return _token(response, asked)


def _oauth_form(
    challenge: Challenge, credential: IdentityToken, scopes: Sequence[str]
) -> Dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "refresh_token": credential.token,
        "service": challenge.parameters.get("service", ""),
        "scope": " ".join(scopes),
        "client_id": _CLIENT_ID,
    }


def _get(
    ask: Ask,
    challenge: Challenge,
    known: Optional[Tuple[str, str]],
    scopes: Sequence[str],
) -> requests.Response:
    try:
        parts = urlsplit(challenge.parameters.get("realm", ""))
    except ValueError as error:
        raise UnavailableError("its token server has an invalid address") from error
    query: List[Tuple[str, str]] = parse_qsl(parts.query, keep_blank_values=True)
    if "service" in challenge.parameters:
        query.append(("service", challenge.parameters["service"]))
    query.extend(("scope", scope) for scope in scopes)
    url = urlunsplit(parts._replace(query=urlencode(query)))
    return ask("GET", challenge, url, basic_header(*known) if known else None, None)


def _token(response: requests.Response, asked: float) -> BearerToken:
    host = host_of(response.url)
    if is_transient(response.status_code):
        raise TransientError(f"its token server {host} answers {status_line(response)}")
    if response.status_code != 200:
        raise refusal(response, f"its token server {host} answers ")
    fields = read_json(response, _LARGEST_ANSWER)
    value = _text(fields, "token") or _text(fields, "access_token")
    if not value:
        raise UnavailableError(f"its token server {host} gives no token")
    return BearerToken(value, asked + _lifetime(fields.get("expires_in")))


def _lifetime(seconds: Any) -> float:
    """A value that is not a time in the future counts as missing."""
    if not isinstance(seconds, (int, float)) or not seconds > 0:
        return _DEFAULT_LIFETIME
    return float(min(seconds, _LONGEST_LIFETIME))


def _text(fields: Any, name: str) -> str:
    """Checked so that a value can't add a line to the headers."""
    value = fields.get(name) if isinstance(fields, dict) else None
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""
