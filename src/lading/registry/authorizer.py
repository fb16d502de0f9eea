"""How one host is shown what it asks for."""

import time
from typing import Callable, List, Optional, Sequence

from lading.registry.bearer import Ask, BearerToken, basic_header, exchange
from lading.registry.challenge import Challenge
from lading.registry.credential import Password, RegistryToken
from lading.registry.credentials import Found


class Authorizer:
    """Answers the challenges of one host, with the credential that `find` has for it.

    `find` is called at the first challenge, not before: a public image on an open registry needs
    no helper to run. `scope` is what is wanted of tokens, besides what the host itself names.
    """

    def __init__(
        self,
        find: Callable[[], Found],
        ask: Ask,
        scope: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._ask = ask
        self._scopes: List[str] = [scope] if scope else []
        self._clock = clock
        self._found: Optional[Found] = None
        self._basic: Optional[str] = None
        self._token: Optional[BearerToken] = None

    @property
    def found(self) -> Optional[Found]:
        """The credential that was looked for; None if the host never asked for one."""
        return self._found

    def header(self) -> Optional[str]:
        """Value of `Authorization`; None before the first challenge and for an expired token."""
        if self._token is not None:
            return f"Bearer {self._token.value}" if self._clock() < self._token.expires else None
        return self._basic

    def answer(self, challenges: Sequence[Challenge]) -> bool:
        """Whether there is something new to show. Faults are those of `exchange`."""
        if self._found is None:
            self._found = self._find()
        credential = self._found.credential
        bearer = next((one for one in challenges if one.scheme == "bearer"), None)
        if bearer is not None and isinstance(credential, RegistryToken):
            is_new = self._token is None
            self._token = BearerToken(credential.token, float("inf"))
            return is_new
        if bearer is not None and bearer.parameters.get("realm"):
            for scope in bearer.parameters.get("scope", "").split():
                if scope not in self._scopes:
                    self._scopes.append(scope)
            self._token = exchange(self._ask, bearer, credential, self._scopes, self._clock)
            return True
        has_basic = any(one.scheme == "basic" for one in challenges)
        if has_basic and isinstance(credential, Password) and self._basic is None:
            self._basic = basic_header(credential.username, credential.password)
            return True
        return False
