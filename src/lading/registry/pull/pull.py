"""Pulls images; each byte is checked before anything is used."""

from dataclasses import dataclass, replace
from typing import Callable, List, Optional, TypeVar

from lading.fetch.client import Client, Wanted
from lading.fetch.partial_file import PartialFile
from lading.fetch.verified import save_verified
from lading.image.config.platform import Platform
from lading.image.reference import Repository
from lading.network.faults import UnavailableError, WrongContentError
from lading.network.retries import PATIENCE, Patience
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.credentials import CredentialSource
from lading.registry.certificates import CERTIFICATES_DIR
from lading.registry.http.transport import Transport
from lading.registry.manifest import ACCEPT, LARGEST_DOCUMENT
from lading.registry.place import Place, places_of
from lading.registry.pull.pull_error import Failure, pull_error
from lading.registry.pull.remote_image import RemoteImage, find_image
from lading.registry.reference import Reference
from lading.registry.tag_digest import tag_digest
from lading.runtime.machine import Machine
from lading.values.counted import counted
from lading.values.digest import Sha256

T = TypeVar("T")

#: Mirrors get fewer tries than the registry itself.
_TRIES_OF_MIRROR = 2


class Puller:
    """Reads one repository, from its mirrors on this machine or else from its registry.

    For one thread. Every method raises LadingError that names the image, the answer of each place,
    and a remedy.
    """

    def __init__(
        self,
        repository: Repository,
        machine: Machine,
        credentials: CredentialSource,
        report: Callable[[str], None] = lambda line: None,
        patience: Patience = PATIENCE,
        certificates: str = CERTIFICATES_DIR,
    ) -> None:
        self._repository = repository
        places = places_of(
            repository, machine.registry_mirrors, machine.insecure_registries, certificates
        )
        self._sources = [
            _Source.of(place, credentials, certificates, report, patience) for place in places
        ]

    def resolve(self, tag: str) -> Sha256:
        """The digest that the tag has now, of a manifest or an index."""
        return self._first(
            Reference(self._repository, tag),
            lambda source: tag_digest(source.client, source.place, tag),
        )

    def image(self, digest: Sha256, platform: Platform) -> RemoteImage:
        """The image with this digest; if the digest is of an index, its image for `platform`."""
        return find_image(Reference(self._repository, digest=digest), platform, self._document)

    def blob(self, digest: Sha256, size: Optional[int], part: PartialFile) -> None:
        """Complete the file `part` with the blob, continuing after the bytes that it has, without
        reading it all into memory."""

        def save(source: _Source) -> None:
            url = source.place.url("blobs", str(digest))
            save_verified(source.client, url, part, digest, Wanted(size))

        self._first(Reference(self._repository, digest=digest), save)

    def _document(self, kind: str, digest: Sha256) -> bytes:
        accept = ACCEPT if kind == "manifests" else "*/*"

        def get(source: "_Source") -> bytes:
            url = source.place.url(kind, str(digest))
            content = source.client.document(url, accept, limit=LARGEST_DOCUMENT).content
            found = Sha256.of(content)
            if found != digest:
                raise WrongContentError(
                    f"wrong content, expected {digest}, got {found}, "
                    f"{counted(len(content), 'byte')}"
                )
            return content

        return self._first(Reference(self._repository, digest=digest), get)

    def _first(self, reference: Reference, get: "Callable[[_Source], T]") -> T:
        """The result from the first place that has one."""
        failures: List[Failure] = []
        for source in self._sources:
            try:
                return get(source)
            except UnavailableError as fault:
                failures.append(Failure(source.place, fault, source.authorizers.found))
                source.report(f"{source.place.host}: {fault.reason}")
        raise pull_error(reference, failures)


@dataclass(frozen=True)
class _Source:
    place: Place
    authorizers: Authorizers
    client: Client
    report: Callable[[str], None]

    @classmethod
    def of(
        cls,
        place: Place,
        credentials: CredentialSource,
        certificates: str,
        report: Callable[[str], None],
        patience: Patience,
    ) -> "_Source":
        if place.is_mirror:
            patience = replace(patience, tries=min(patience.tries, _TRIES_OF_MIRROR))
        authorizers = Authorizers(place, credentials)
        sender = Transport(place, authorizers, certificates)
        return cls(place, authorizers, Client(report, patience, sender=sender), report)
