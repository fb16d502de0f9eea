"""Mirrors of registries, from the option `[lading].registry_mirrors`."""

import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

from lading.image.reference import DEFAULT_REGISTRY
from lading.registry.registry_host import parse_registry_host, without_user
from lading.values.errors import LadingError

_OPTION = "`[lading].registry_mirrors`"

_MIRROR = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>[^/@\s?#]+)(?P<prefix>(?:/[a-z0-9._-]+)*)/?"
)

#: Hosts of Docker Hub that are not used in names of images.
_DOCKER_HUB_HOSTS = ("index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Mirror:
    """`scheme` is empty if the user wrote none. `prefix`, which goes before each repository's path,
    has no slash at its ends.
    """

    scheme: str
    host: str
    prefix: str

    @classmethod
    def parse(cls, text: str, registry: str) -> "Mirror":
        """Raises LadingError if a mirror of `registry` can't have this address."""
        match = _MIRROR.fullmatch(text)
        if match is None:
            raise LadingError(
                f"{_OPTION} has {without_user(text)!r} for {registry}, which is not an "
                "address. Write `[https://]host[:port][/prefix]`, without a user name."
            )
        host = parse_registry_host(match["host"], _OPTION)
        return cls(match["scheme"] or "", host, match["prefix"].strip("/"))


def parse_mirrors(option: Mapping[str, Any]) -> Dict[str, Tuple[str, ...]]:
    """The option's value: one address or a list for each registry, by the registry's name in names
    of images. Raises LadingError for an invalid value.
    """
    mirrors: Dict[str, Tuple[str, ...]] = {}
    for key, value in sorted(option.items()):
        registry = _registry(key)
        addresses = [value] if isinstance(value, str) else value
        if not isinstance(addresses, list) or not all(isinstance(one, str) for one in addresses):
            raise LadingError(
                f"{_OPTION} has {without_user(repr(value))} for {key}. Write an address, such "
                "as `mirror.example:5000`, or a list of addresses."
            )
        for address in addresses:
            Mirror.parse(address, registry)
        mirrors[registry] = (*mirrors.get(registry, ()), *addresses)
    return mirrors


def _registry(key: str) -> str:
    registry = parse_registry_host(key, _OPTION)
    if not re.search("[.:]|^localhost$", registry):
        # `hub/debian` would be an image of the user `hub`.
        raise LadingError(
            f"{_OPTION} has {without_user(key)!r}, which is not a registry as it appears in image "
            "names: a registry has a dot or a port, or is `localhost`. Write a name such as "
            "`docker.io`."
        )
    return DEFAULT_REGISTRY if registry in _DOCKER_HUB_HOSTS else registry
