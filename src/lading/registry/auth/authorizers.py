"""The authorizers for a place, and for the hosts that it redirects to."""

import logging
import threading
from typing import Dict, Optional, Sequence

from lading.registry.auth.authorizer import Authorizer, repository_scope
from lading.registry.auth.credentials import CredentialSource, Found
from lading.registry.place import Place

logger = logging.getLogger(__name__)


class Authorizers:
    """For several transports to `place`, in several threads.

    `actions` are needed on the place's repository. `sources` are paths of other repositories in the
    same registry, to pull from if that is allowed.
    """

    def __init__(
        self,
        place: Place,
        credentials: CredentialSource,
        actions: str = "pull",
        sources: Sequence[str] = (),
    ) -> None:
        self._place = place
        self._credentials = credentials
        self._lock = threading.Lock()
        self._hosts: Dict[str, Authorizer] = {}
        self._own = Authorizer(
            self._find,
            (repository_scope(place.path, actions),),
            tuple(repository_scope(path, "pull") for path in sources),
        )

    @property
    def found(self) -> Optional[Found]:
        """The credential that was found; None if the registry never asked for one."""
        return self._own.found

    def of(self, host: str) -> Authorizer:
        """The registry's authorizer; for any other host one that sends no credentials
        (ggcr#2360)."""
        if host == self._place.host:
            return self._own
        with self._lock:
            return self._hosts.setdefault(host, Authorizer(lambda: Found(None, "")))

    def _find(self) -> Found:
        found = self._credentials.find(self._place.registry, self._place.path)
        logger.debug("%s: credentials: %s", self._place.registry, found.looked)
        return found
