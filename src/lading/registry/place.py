"""The places that have a repository: its mirrors on this machine, then its registry."""

from dataclasses import dataclass
from typing import FrozenSet, List, Mapping, Sequence, Tuple

from lading.image.reference import DEFAULT_REGISTRY, Repository
from lading.network.safe_url import allows_http
from lading.registry.certificates import CERTIFICATES_DIR, has_certificates
from lading.registry.mirror import Mirror

#: The host of Docker Hub's API.
_DOCKER_HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True)
class Place:
    """`registry` is the name that credentials are stored under, `host` the host of the API, `path`
    the repository's name there. http is allowed to the hosts in `insecure`.
    """

    registry: str
    scheme: str
    host: str
    path: str
    insecure: FrozenSet[str] = frozenset()
    is_mirror: bool = False

    def url(self, kind: str, name: str) -> str:
        """The URL of a manifest or blob: `kind` is "manifests" or "blobs"."""
        return f"{self.scheme}://{self.host}/v2/{self.path}/{kind}/{name}"

    def uploads_url(self) -> str:
        """The URL that starts an upload of a blob."""
        return self.url("blobs", "uploads/")


def places_of(
    repository: Repository,
    mirrors: Mapping[str, Sequence[str]],
    insecure: Sequence[str],
    certificates: str = CERTIFICATES_DIR,
) -> Tuple[Place, ...]:
    """The places in the order in which to try them; the registry itself is the last.

    Raises LadingError for a mirror that is not an address.
    """
    hosts = frozenset(host.lower() for host in insecure)
    registry = repository.registry.lower()
    places: List[Place] = []
    for mirror in mirrors.get(registry, ()):
        places.append(_mirror(mirror, repository, hosts, certificates))
    host = _DOCKER_HUB_HOST if registry == DEFAULT_REGISTRY else registry
    scheme = _scheme(host, hosts, certificates)
    places.append(Place(registry, scheme, host, repository.api_path, hosts))
    return tuple(places)


def _mirror(
    text: str, repository: Repository, insecure: FrozenSet[str], certificates: str
) -> Place:
    mirror = Mirror.parse(text, repository.registry)
    # Writing http:// declares the host insecure.
    allowed = insecure | {mirror.host} if mirror.scheme == "http" else insecure
    scheme = mirror.scheme or _scheme(mirror.host, insecure, certificates)
    path = "/".join(filter(None, (mirror.prefix, repository.api_path)))
    return Place(mirror.host, scheme, mirror.host, path, allowed, is_mirror=True)


def _scheme(host: str, insecure: FrozenSet[str], certificates: str) -> str:
    """A local registry with its own certificates uses TLS."""
    is_plain = allows_http(host, insecure) and not has_certificates(host, certificates)
    return "http" if is_plain else "https"
