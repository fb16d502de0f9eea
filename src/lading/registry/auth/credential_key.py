"""Under which names a registry's credentials are kept in configuration files.

docker writes `host`, `host:port` and, for Docker Hub, `https://index.docker.io/v1/`; older
versions wrote URLs for all. podman writes `host/namespace/repository` too (containers-auth.json;
ggcr#2411).
"""

import re
from typing import Tuple

from lading.image.reference import DEFAULT_REGISTRY

#: The key of Docker Hub, which helpers know it by.
DOCKER_HUB_KEY = "https://index.docker.io/v1/"

_DOCKER_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_API_VERSION = re.compile(r"/v[12]$")


def normalised(key: str) -> str:
    """One spelling for the spellings of a key: host and path, without scheme and API version."""
    rest = re.sub(r"^https?://", "", key.strip()).rstrip("/")
    host, slash, path = _API_VERSION.sub("", rest).partition("/")
    host = host.lower()
    if host.endswith(":443"):
        host = host[: -len(":443")]
    if host in _DOCKER_HUB_HOSTS:
        host = DEFAULT_REGISTRY
    return host + slash + path


def keys_of(host: str, path: str) -> Tuple[str, ...]:
    """The normalised keys under which credentials for a repository may be, best first."""
    parts = path.split("/")
    narrowed = ["/".join([host, *parts[:count]]) for count in range(len(parts), 0, -1)]
    return tuple(normalised(key) for key in [*narrowed, host])


def helper_key(host: str) -> str:
    """What a helper is asked for."""
    return DOCKER_HUB_KEY if normalised(host) == DEFAULT_REGISTRY else host
