"""The manifest that a tag names now."""

import re
from typing import Mapping, Optional

from lading.fetch.client import Client
from lading.network.faults import UnavailableError, WrongContentError
from lading.registry.manifest import ACCEPT, LARGEST_DOCUMENT
from lading.registry.place import Place
from lading.values.digest import Sha256

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


def tag_digest(client: Client, place: Place, tag: str) -> Sha256:
    """Uses HEAD, which does not count against Docker Hub's limits; not every registry supports it.

    Raises UnavailableError if the digest can't be found.
    """
    try:
        announced = digest_by_head(client, place, tag)
        if announced is not None:
            return announced
    except UnavailableError as fault:
        if fault.status in (None, 401, 403, 429):
            raise
    return digest_by_get(client, place, tag)


def digest_by_head(client: Client, place: Place, tag: str) -> Optional[Sha256]:
    """None if the answer does not include it."""
    return announced_digest(client.document(place.url("manifests", tag), ACCEPT, "HEAD").headers)


def digest_by_get(client: Client, place: Place, tag: str) -> Sha256:
    url = place.url("manifests", tag)
    document = client.document(url, ACCEPT, limit=LARGEST_DOCUMENT)
    found, announced = Sha256.of(document.content), announced_digest(document.headers)
    if announced not in (None, found):
        raise WrongContentError(f"it announces {announced}, but sends {found}")
    return found


def announced_digest(headers: Mapping[str, str]) -> Optional[Sha256]:
    """The digest in the answer's header of the content that it is about; None if there is none."""
    match = _DIGEST.fullmatch(headers.get("Docker-Content-Digest", ""))
    return Sha256(match.group(1)) if match else None
