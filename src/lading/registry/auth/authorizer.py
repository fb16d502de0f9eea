"""Authorizes requests to one host."""

import threading
import time
from typing import Callable, Dict, Iterable, Optional, Sequence, Tuple

from lading.registry.answer import DeniedError
from lading.registry.auth.bearer import Ask, BearerToken, basic_header, exchange
from lading.registry.auth.challenge import Challenge
from lading.registry.auth.credential import Password, RegistryToken
from lading.registry.auth.credentials import Found


class Authorizer:
    """Answers the challenges of one host with the credential that `find` returns for it. Several
    threads may use it; they share its tokens.

    `find` is called only at the first challenge: a public image on an open registry needs no
    helper. `scopes` are requested of tokens, in addition to those that the host names; `wishes` are
    left out if the token server refuses them.
    """

    def __init__(
        self,
        find: Callable[[], Found],
        scopes: Sequence[str] = (),
        wishes: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._scopes = tuple(scopes)
        self._wishes = tuple(wishes)
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Optional[Found] = None
        self._basic: Optional[str] = None
        self._bearer: Optional[Challenge] = None
        self._token: Optional[BearerToken] = None

    @property
    def found(self) -> Optional[Found]:
        """The credential that `find` returned; None if the host never asked for one."""
        return self._found

    def header(self, ask: Ask) -> Optional[str]:
        """The value of `Authorization`; None before the first challenge. An expired token is
        renewed first, because a refused body would have to be sent again.

        Raises the same errors as `exchange`.
        """
        with self._lock:
            if self._token is not None and self._clock() >= self._token.expires:
                assert self._bearer is not None
                self._exchange(ask, self._bearer)
            return self._header()

    def answer(self, ask: Ask, challenges: Sequence[Challenge], shown: Optional[str]) -> bool:
        """Whether there is an authorization other than `shown` to try. Raises the same errors as
        `exchange`."""
        with self._lock:
            if self._header() not in (None, shown):
                return True  # another thread was faster
            return self._answer(ask, challenges)

    def _answer(self, ask: Ask, challenges: Sequence[Challenge]) -> bool:
        if self._found is None:
            self._found = self._find()
        credential = self._found.credential
        bearer = next((one for one in challenges if one.scheme == "bearer"), None)
        if bearer is not None and isinstance(credential, RegistryToken):
            is_new = self._token is None
            self._token = BearerToken(credential.token, float("inf"))
            return is_new
        if bearer is not None and bearer.parameters.get("realm"):
            self._exchange(ask, bearer)
            return True
        has_basic = any(one.scheme == "basic" for one in challenges)
        if has_basic and isinstance(credential, Password) and self._basic is None:
            self._basic = basic_header(credential.username, credential.password)
            return True
        return False

    def _header(self) -> Optional[str]:
        return f"Bearer {self._token.value}" if self._token is not None else self._basic

    def _exchange(self, ask: Ask, bearer: Challenge) -> None:
        scopes = merge_scopes([*self._scopes, *bearer.parameters.get("scope", "").split()])
        try:
            self._token = self._asked(ask, bearer, merge_scopes([*scopes, *self._wishes]))
        except DeniedError:
            if not self._wishes:
                raise
            self._wishes = ()
            self._token = self._asked(ask, bearer, scopes)
        self._scopes = scopes
        self._bearer = bearer

    def _asked(self, ask: Ask, bearer: Challenge, scopes: Tuple[str, ...]) -> BearerToken:
        assert self._found is not None
        return exchange(ask, bearer, self._found.credential, scopes, self._clock)


def repository_scope(path: str, actions: str) -> str:
    """`actions` are a list such as "pull,push"."""
    return f"repository:{path}:{actions}"


def merge_scopes(scopes: Iterable[str]) -> Tuple[str, ...]:
    """One scope for each resource, with all actions named for it, in order."""
    merged: Dict[str, Dict[str, None]] = {}
    for scope in scopes:
        resource, _, actions = scope.rpartition(":")
        merged.setdefault(resource, {}).update(dict.fromkeys(actions.split(",")))
    return tuple(f"{resource}:{','.join(actions)}" for resource, actions in merged.items())
