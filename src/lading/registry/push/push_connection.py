"""The connection of one thread to the place that it pushes to."""

import threading
from dataclasses import dataclass, replace
from typing import Callable, Mapping, Optional, TypeVar

import requests

from lading.fetch.client import Client, is_transient
from lading.network.body import let_go
from lading.network.faults import UnavailableError
from lading.network.metered_session import zone_of
from lading.network.network_faults import network_faults
from lading.network.retries import Patience, Persistence
from lading.registry.answer import explained
from lading.registry.http.file_range import StoppedError
from lading.registry.http.location import resolve_location
from lading.registry.http.transport import Body, Transport
from lading.registry.place import Place
from lading.registry.tag_digest import digest_by_get, digest_by_head
from lading.values.digest import Sha256

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An answer that is not a refusal, or has the status 416. `location` is where to continue, if
    given."""

    status: int
    headers: Mapping[str, str]
    location: Optional[str]


class PushConnection:
    """For one thread. Waiting ends with StoppedError when `stop` is set."""

    def __init__(
        self,
        place: Place,
        transport: Transport,
        report: Callable[[str], None],
        patience: Patience,
        stop: threading.Event,
    ) -> None:
        self.place = place
        self.stop = stop
        self._transport = transport
        self._patience = patience
        self._report = report
        self._client = Client(report, patience, self._sleep, sender=transport)

    def send(
        self, method: str, url: str, headers: Optional[Mapping[str, str]] = None, body: Body = b""
    ) -> Answer:
        """Try once. Raises TransientError if it may succeed later, UnavailableError if it is
        refused."""
        with network_faults():
            response = self._transport(method, url, headers or {}, self._patience, body=body)
            if is_transient(response.status_code):
                with response:
                    raise explained(response)
        let_go(response)
        location = response.headers.get("Location")
        return Answer(
            response.status_code,
            response.headers,
            self._resolved(response, location) if location else None,
        )

    def _resolved(self, response: requests.Response, location: str) -> str:
        return resolve_location(self.place, response.url, location, zone_of(response))

    def persist(
        self,
        url: str,
        attempt: Callable[[], T],
        progress: Callable[[], int] = lambda: 0,
        tries: Optional[int] = None,
    ) -> T:
        """Call `attempt` as often as `Persistence` does, or at most `tries` times; `url` is for
        messages.
        """
        patience = self._patience
        if tries is not None:
            patience = replace(patience, tries=min(patience.tries, tries))
        return Persistence(self._report, patience, self._sleep)(url, attempt, progress)

    def has_blob(self, digest: Sha256) -> bool:
        """False also if the registry does not say; the upload then shows why."""
        try:
            self._client.document(self.place.url("blobs", str(digest)), "*/*", "HEAD")
        except UnavailableError as fault:
            if fault.status is None:
                raise
            return False
        return True

    def manifest_of(self, tag: str) -> Optional[Sha256]:
        """What a tag or digest names now; None if nothing, or if the registry does not say."""
        try:
            return self._digest_by_head(tag) or digest_by_get(self._client, self.place, tag)
        except UnavailableError as fault:
            if fault.status is None or is_transient(fault.status):
                raise
            return None

    def _digest_by_head(self, tag: str) -> Optional[Sha256]:
        """None if GET may have an answer."""
        try:
            return digest_by_head(self._client, self.place, tag)
        except UnavailableError as fault:
            if fault.status in (None, 401, 403, 404, 429):
                raise
            return None

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise StoppedError
