"""Pushes blobs and manifests; whatever the registry already has is skipped."""

import threading
from contextlib import contextmanager
from enum import Enum
from typing import Callable, Iterator, List, Optional, Sequence, Set

from lading.image.reference import Repository
from lading.network.faults import UnavailableError, WrongContentError
from lading.network.retries import Patience
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.credentials import CredentialSource
from lading.registry.certificates import CERTIFICATES_DIR
from lading.registry.http.transport import Transport
from lading.registry.place import places_of
from lading.registry.push.push_connection import Answer, PushConnection
from lading.registry.push.push_error import FixedTagError, means_fixed_tag, push_error
from lading.registry.push.upload import BlobFile, Upload
from lading.registry.tag_digest import announced_digest
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.size import shown_size

#: A registry may hash or copy a large blob before it answers.
PATIENCE_TO_PUSH = Patience(read=300)

#: A mount gets fewer tries than requests without an alternative.
_TRIES_OF_MOUNT = 2


class BlobOutcome(Enum):
    PUSHED = "pushed"
    MOUNTED = "mounted"
    PRESENT = "present"


class Pusher:
    """Writes one repository of a registry; mirrors are not used. Several threads may use it; they
    share the tokens that the registry issues.

    `sources` are repositories that blobs may be mounted from; only those in the same registry
    matter. Every method raises LadingError that names the repository, the registry's answer, and a
    remedy, or StoppedError after `stop`.
    """

    def __init__(
        self,
        repository: Repository,
        machine: Machine,
        credentials: CredentialSource,
        report: Callable[[str], None] = lambda line: None,
        patience: Patience = PATIENCE_TO_PUSH,
        sources: Sequence[Repository] = (),
        certificates: str = CERTIFICATES_DIR,
    ) -> None:
        self.repository = repository
        self._report = report
        self._patience = patience
        self._stop = threading.Event()
        self._certificates = certificates
        self._place = places_of(repository, {}, machine.insecure_registries, certificates)[-1]
        paths = [one.api_path for one in sources if self._has_neighbour(one)]
        self._authorizers = Authorizers(self._place, credentials, "pull,push", paths)
        self._transports: List[Transport] = []
        self._idle: List[PushConnection] = []
        self._closed_sources: Set[str] = set()

    @property
    def requests(self) -> int:
        """The number of requests sent, without those to token servers."""
        return sum(one.sent for one in self._transports)

    @property
    def token_requests(self) -> int:
        return sum(one.asked for one in self._transports)

    def manifest_of(self, tag: str) -> Optional[Sha256]:
        """The digest that a tag (or digest) names now; None if it names nothing, or if the registry
        does not say.
        """
        with self._connection(f"the manifest of {tag!r}") as connection:
            return connection.manifest_of(tag)

    def blob(self, blob: BlobFile, mount_from: Sequence[Repository] = ()) -> BlobOutcome:
        """Ensure that the blob is there: mount it from the first of `mount_from` that has it, or
        else upload it. It is looked up by its own digest, never by the digest of its unpacked
        content (ggcr#2034).
        """
        with self._connection(f"the blob {blob.digest}") as connection:
            if connection.has_blob(blob.digest):
                return BlobOutcome.PRESENT
            opened: Optional[Answer] = None
            for source in mount_from:
                if opened is None and self._has_neighbour(source):
                    opened = self._mounted(connection, blob.digest, source.api_path)
                    if opened is not None and opened.status == 201:
                        return BlobOutcome.MOUNTED
            short = str(blob.digest)[:19]
            self._report(f"{self.repository.name}: uploading {short}, {shown_size(blob.size)}")
            Upload(connection, blob, opened).run()
            return BlobOutcome.PUSHED

    def manifest(
        self, content: bytes, media_type: str, digest: Sha256, names: Sequence[str]
    ) -> None:
        """Put the manifest under each of `names`, which are tags or the digest, in their order."""
        for name in names:
            with self._connection(f"the manifest as {name!r}") as connection:
                self._put(connection, name, content, media_type, digest)

    def stop(self) -> None:
        """Make operations in other threads end with StoppedError."""
        self._stop.set()

    def close(self) -> None:
        """Close the connections; new ones are opened when needed."""
        for one in self._transports:
            one.close()

    def _has_neighbour(self, other: Repository) -> bool:
        """Whether blobs of `repository` may be mounted (ggcr#219)."""
        return (
            other.registry.lower() == self._place.registry
            and other.api_path != self.repository.api_path
        )

    def _mounted(self, connection: PushConnection, digest: Sha256, source: str) -> Optional[Answer]:
        """The answer 201, or an answer that has opened an upload instead. None for any other: the
        upload that follows then shows the cause (ggcr#1404, #1609; containerd#14086; harbor#22078).
        """
        if source in self._closed_sources:
            return None
        url = f"{self._place.uploads_url()}?mount={digest}&from={source}"
        try:
            answer = connection.persist(
                url, lambda: connection.send("POST", url), tries=_TRIES_OF_MOUNT
            )
        except UnavailableError:
            self._closed_sources.add(source)
            return None
        return answer if answer.status == 201 or answer.location else None

    def _put(
        self,
        connection: PushConnection,
        name: str,
        content: bytes,
        media_type: str,
        digest: Sha256,
    ) -> None:
        url = self._place.url("manifests", name)

        headers = {"Content-Type": media_type}
        try:
            answer = connection.persist(url, lambda: connection.send("PUT", url, headers, content))
        except UnavailableError as fault:
            # An earlier try whose answer was lost may have set the immutable tag, or another build
            # did (moby/buildkit#3776, bazelbuild/rules_docker#2220).
            there = connection.manifest_of(name)
            if there == digest:
                return
            if there is not None and means_fixed_tag(fault):
                raise FixedTagError(fault, there) from fault
            raise
        announced = announced_digest(answer.headers)
        if announced not in (None, digest):
            raise WrongContentError(f"it was sent {digest}, but reports {announced}")

    @contextmanager
    def _connection(self, what: str) -> Iterator[PushConnection]:
        """A connection that no other thread uses. `what` describes the operation in messages."""
        try:
            connection = self._idle.pop()
        except IndexError:
            transport = Transport(self._place, self._authorizers, self._certificates)
            self._transports.append(transport)
            connection = PushConnection(
                self._place, transport, self._report, self._patience, self._stop
            )
        try:
            yield connection
        except UnavailableError as fault:
            raise push_error(
                self.repository, what, self._place, fault, self._authorizers.found
            ) from fault
        finally:
            self._idle.append(connection)
