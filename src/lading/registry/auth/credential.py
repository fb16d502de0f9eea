"""What a registry may be shown. None of these shows its secret in `repr`."""

from dataclasses import dataclass, field
from typing import Union


@dataclass(frozen=True)
class Password:
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class IdentityToken:
    """A token to get other tokens with (OAuth 2 refresh token); docker's user is `<token>`."""

    username: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class RegistryToken:
    """A bearer token that is shown as it is."""

    token: str = field(repr=False)


Credential = Union[Password, IdentityToken, RegistryToken]

#: The user name by which docker marks a secret that is an identity token.
IDENTITY_TOKEN_USER = "<token>"


def credential_of(username: str, secret: str) -> Credential:
    if username == IDENTITY_TOKEN_USER:
        return IdentityToken(username, secret)
    return Password(username, secret)
