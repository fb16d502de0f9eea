"""Names of images: repository and tag (distribution/reference, reference.go and normalize.go)."""

import re
from dataclasses import dataclass
from typing import Tuple

from lading.image.config.ports import MAX_PORT
from lading.values.errors import LadingError

DEFAULT_REGISTRY = "docker.io"

#: The namespace of images on Docker Hub whose name has no user.
OFFICIAL_NAMESPACE = "library"

_MAX_REPOSITORY_LENGTH = 255
_REGISTRY = re.compile(
    r"(?:\[[0-9a-fA-F:]+\]"
    r"|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Repository:
    """`registry` is a host with an optional port; `path` is the rest as it was written.

    `name` is what the user wrote; docker and podman show it and accept it.
    """

    name: str
    registry: str
    path: str

    @classmethod
    def parse(cls, text: str, field: str = "repository") -> "Repository":
        """Raises a LadingError that says what the grammar forbids; `field` is where `text` was
        written."""
        if not text:
            raise LadingError(f"`{field}` is empty. Write a name such as `redis`.")
        if len(text) > _MAX_REPOSITORY_LENGTH:
            raise LadingError(
                f"`{field}` has {len(text)} characters, but registries allow at most "
                f"{_MAX_REPOSITORY_LENGTH}. Choose a shorter name."
            )
        registry, path = _split_registry(text)
        if not is_registry(registry):
            raise LadingError(
                f"`{field}` {text!r} begins with {registry!r}, which is not a host name. Write "
                f"`host/name` or `host:port/name`, with a port from 1 to {MAX_PORT}."
            )
        for component in path.split("/"):
            _check_component(text, component, field)
        if "/" not in path and _IMAGE_ID.fullmatch(path):
            raise LadingError(
                f"`{field}` {text!r} looks like an image id, which docker does not accept as a "
                "name. Choose another name."
            )
        return cls(text, registry, path)

    @property
    def canonical(self) -> str:
        """The name with registry and namespace: `docker.io/library/redis`."""
        if self.registry == DEFAULT_REGISTRY and "/" not in self.path:
            return f"{self.registry}/{OFFICIAL_NAMESPACE}/{self.path}"
        return f"{self.registry}/{self.path}"

    @property
    def api_path(self) -> str:
        """The name within the registry: `library/redis`."""
        return self.canonical[len(self.registry) + 1 :]


@dataclass(frozen=True)
class ImageReference:
    repository: Repository
    tag: str

    @classmethod
    def parse(cls, repository: str, tag: str) -> "ImageReference":
        return cls(Repository.parse(repository), parse_tag(tag))

    @classmethod
    def parse_name(cls, name: str) -> "ImageReference":
        """Splits the full name of an image."""
        repository, _, tag = name.rpartition(":")
        return cls.parse(repository, tag)

    @property
    def name(self) -> str:
        """As the user wrote it: `redis:7.0.15`."""
        return f"{self.repository.name}:{self.tag}"

    @property
    def canonical(self) -> str:
        """What containerd resolves: `docker.io/library/redis:7.0.15`."""
        return f"{self.repository.canonical}:{self.tag}"


def parse_tag(text: str, field: str = "image_tags") -> str:
    """Returns `text` if it is a tag; raises a LadingError about `field` otherwise."""
    if _TAG.fullmatch(text):
        return text
    raise LadingError(
        f"`{field}` has {text!r}, which is not a tag: a tag has 1 to 128 letters, digits, "
        "`_`, `.` and `-`, and begins with a letter, a digit or `_`."
    )


def is_registry(text: str) -> bool:
    """Whether `text` is `host` or `host:port`."""
    match = _REGISTRY.fullmatch(text)
    return match is not None and 1 <= int(match["port"] or 1) <= MAX_PORT


def _split_registry(text: str) -> Tuple[str, str]:
    """The first component is a registry if it looks like one (normalize.go).

    docker also takes a first component with upper-case letters as a host. Here it is an error,
    since in most names it is a mistake.
    """
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return ("docker.io" if first == "index.docker.io" else first), rest
    return DEFAULT_REGISTRY, text


def _check_component(text: str, component: str, field: str) -> None:
    if _COMPONENT.fullmatch(component):
        return
    if component != component.lower() and _COMPONENT.fullmatch(component.lower()):
        _, path = _split_registry(text)
        host = text[: len(text) - len(path)]
        raise LadingError(
            f"`{field}` {text!r} has upper-case letters, which registries refuse. Write "
            f"`{host}{path.lower()}`."
        )
    name, colon, tag = component.partition(":")
    if colon and _COMPONENT.fullmatch(name):
        raise LadingError(
            f"`{field}` {text!r} contains a tag. Write `{text[: -len(tag) - 1]}` here and "
            f"{tag!r} in `image_tags`."
        )
    raise LadingError(
        f"`{field}` {text!r} has the part {component!r}, but each part between slashes "
        "consists of lower-case letters and digits, singly separated by `.`, `_`, `__` or `-`."
    )
