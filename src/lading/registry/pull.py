"""Pulling images: each byte is checked before anything is used."""

import re
from dataclasses import dataclass, replace
from typing import Callable, List, Mapping, Optional, TypeVar

from lading.digest import Sha256
from lading.fetch.client import Client
from lading.fetch.faults import UnavailableError, WrongContentError
from lading.fetch.part import Part
from lading.fetch.persistence import PATIENCE, Patience
from lading.fetch.verified import save_verified
from lading.image.platform import Platform
from lading.image.reference import Repository
from lading.machine import Machine
from lading.registry.certificates import CERTIFICATES_DIR
from lading.registry.credentials import CredentialSource
from lading.registry.manifest import ACCEPT, LARGEST_DOCUMENT
from lading.registry.place import Place, places_of
from lading.registry.pulled_image import PulledImage, find_image
from lading.registry.reference import Reference
from lading.registry.transport import Transport
from lading.registry.unpulled import Failure, unpulled

T = TypeVar("T")

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")

#: A mirror is not waited for as long as the registry itself.
_TRIES_OF_MIRROR = 2


class Puller:
    """Reads one repository, from its mirrors on this machine or else its registry.

    For one thread. Every method raises LadingError that names the image, what each place
    answered, and a remedy.
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
            _Source.of(place, Transport(place, credentials, certificates), report, patience)
            for place in places
        ]

    def resolve(self, tag: str) -> Sha256:
        """The digest that the tag has now, of a manifest or an index."""
        return self._first(Reference(self._repository, tag), lambda source: _resolve(source, tag))

    def image(self, digest: Sha256, platform: Platform) -> PulledImage:
        """The image of this digest, or that for `platform` of an index of this digest."""
        return find_image(Reference(self._repository, digest=digest), platform, self._document)

    def blob(self, digest: Sha256, size: Optional[int], part: Part) -> None:
        """Make `part` the blob, going on behind what it has; memory does not grow with it."""

        def save(source: _Source) -> None:
            url = source.place.url("blobs", str(digest))
            save_verified(source.client, url, part, digest, size)

        self._first(Reference(self._repository, digest=digest), save)

    def _document(self, kind: str, digest: Sha256) -> bytes:
        accept = ACCEPT if kind == "manifests" else "*/*"

        def get(source: "_Source") -> bytes:
            url = source.place.url(kind, str(digest))
            content = source.client.document(url, accept, limit=LARGEST_DOCUMENT).content
            found = Sha256.of(content)
            if found != digest:
                raise WrongContentError(
                    f"wrong content, expected {digest}, got {found}, {len(content)} bytes"
                )
            return content

        return self._first(Reference(self._repository, digest=digest), get)

    def _first(self, reference: Reference, get: "Callable[[_Source], T]") -> T:
        """What the first place gives that gives it."""
        failures: List[Failure] = []
        for source in self._sources:
            try:
                return get(source)
            except UnavailableError as fault:
                failures.append(Failure(source.place, fault, source.transport.found))
                source.report(f"{source.place.host}: {fault.reason}")
        raise unpulled(reference, failures)


@dataclass(frozen=True)
class _Source:
    place: Place
    transport: Transport
    client: Client
    report: Callable[[str], None]

    @classmethod
    def of(
        cls,
        place: Place,
        transport: Transport,
        report: Callable[[str], None],
        patience: Patience,
    ) -> "_Source":
        if place.is_mirror:
            patience = replace(patience, tries=min(patience.tries, _TRIES_OF_MIRROR))
        return cls(place, transport, Client(report, patience, sender=transport), report)


def _resolve(source: _Source, tag: str) -> Sha256:
    """By HEAD, which counts against no limit of Docker Hub; not every registry has it."""
    url = source.place.url("manifests", tag)
    try:
        told = _told_digest(source.client.document(url, ACCEPT, "HEAD").headers)
        if told is not None:
            return told
    except UnavailableError as fault:
        if fault.status in (None, 401, 403, 429):
            raise
    document = source.client.document(url, ACCEPT, limit=LARGEST_DOCUMENT)
    found, told = Sha256.of(document.content), _told_digest(document.headers)
    if told not in (None, found):
        raise WrongContentError(f"it announces {told}, and sends {found}")
    return found


def _told_digest(headers: Mapping[str, str]) -> Optional[Sha256]:
    match = _DIGEST.fullmatch(headers.get("Docker-Content-Digest", ""))
    return Sha256(match.group(1)) if match else None
