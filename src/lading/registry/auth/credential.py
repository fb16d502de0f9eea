"""Credentials for a registry. None of them shows its secret in `repr`."""

import re
from dataclasses import dataclass, field
from typing import Tuple, Union

from lading.image.reference import DEFAULT_REGISTRY


@dataclass(frozen=True)
class Password:
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class IdentityToken:
    """A token for getting other tokens (OAuth 2 refresh token); docker's user name for it is
    `<token>`."""

    username: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class RegistryToken:
    """A bearer token that is sent as it is."""

    token: str = field(repr=False)


Credential = Union[Password, IdentityToken, RegistryToken]

#: docker uses this user name if the secret is an identity token.
IDENTITY_TOKEN_USER = "<token>"


def credential_of(username: str, secret: str) -> Credential:
    if username == IDENTITY_TOKEN_USER:
        return IdentityToken(username, secret)
    return Password(username, secret)


#: The key under which helpers know Docker Hub.
DOCKER_HUB_KEY = "https://index.docker.io/v1/"

_DOCKER_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_API_VERSION = re.compile(r"/v[12]$")


def normalised(key: str) -> str:
    """The same spelling for all spellings of a key: host and path, without scheme and API
    version."""
    rest = re.sub(r"^https?://", "", key.strip()).rstrip("/")
    host, slash, path = _API_VERSION.sub("", rest).partition("/")
    host = host.lower()
    if host.endswith(":443"):
        host = host[: -len(":443")]
    if host in _DOCKER_HUB_HOSTS:
        host = DEFAULT_REGISTRY
    return host + slash + path


def keys_of(host: str, path: str) -> Tuple[str, ...]:
    """The normalised keys that may have a repository's credentials, best first."""
    parts = path.split("/")
    narrowed = ["/".join([host, *parts[:count]]) for count in range(len(parts), 0, -1)]
    return tuple(normalised(key) for key in [*narrowed, host])


def helper_key(host: str) -> str:
    """The key to ask a helper for."""
    return DOCKER_HUB_KEY if normalised(host) == DEFAULT_REGISTRY else host
