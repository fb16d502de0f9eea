"""The repositories that an image is published to."""

import re
from typing import Mapping, Sequence, Tuple

from lading.image.config.ports import MAX_PORT
from lading.image.reference import DEFAULT_REGISTRY, Repository, is_registry
from lading.values.errors import LadingError

#: The first character of a registry's alias; `[lading].registries` has the address.
ALIAS_MARK = "@"

_PREFIX = re.compile(r"(?:/[a-z0-9._-]+)*")


def check_registry(text: str, field: str = "registries") -> None:
    """Raises LadingError unless it is an alias, or `host[:port][/prefix]`."""
    if text.startswith(ALIAS_MARK) and len(text) > len(ALIAS_MARK):
        return
    host, slash, prefix = text.partition("/")
    if not (is_registry(host) and _PREFIX.fullmatch(slash + prefix)):
        raise LadingError(
            f"`{field}` has {text!r}, which is not a registry. Write `host[:port][/prefix]` with "
            f"a port from 1 to {MAX_PORT}, or `@name` for one that `[lading].registries` has."
        )


def destinations(
    repository: str, registries: Sequence[str], addresses: Mapping[str, str]
) -> Tuple[str, ...]:
    """The full names of the repositories that an image of this `repository` is published to.

    `addresses` are those of registries by name. Without `registries` the repository must name one
    itself; if it does not, there is no destination. Raises LadingError for a name that `addresses`
    lacks, and if `registries` are given but the repository names one too.
    """
    if not registries:
        return (repository,) if _has_registry(repository) else ()
    if _has_registry(repository):
        raise LadingError(
            f"`repository` is {repository!r}, which names a registry, but `registries` is set "
            "too. Remove the host from `repository`, or remove `registries`."
        )
    found = (_address(registry, addresses) for registry in registries)
    names = tuple(dict.fromkeys(f"{address}/{repository}" for address in found))
    for name in names:
        Repository.parse(name, "registries")
    return names


def _has_registry(repository: str) -> bool:
    parsed = Repository.parse(repository)
    return parsed.registry != DEFAULT_REGISTRY or repository != parsed.path


def _address(registry: str, addresses: Mapping[str, str]) -> str:
    if not registry.startswith(ALIAS_MARK):
        return registry
    name = registry[len(ALIAS_MARK) :]
    if name not in addresses:
        known = ", ".join(f"@{one}" for one in sorted(addresses)) or "none"
        raise LadingError(
            f"`registries` has {registry!r}, but `[lading].registries` does not have {name!r}, "
            f"only {known}. Add it there, or write the registry's host."
        )
    return addresses[name]
