"""An image's name as a user writes it (distribution/reference, reference.go)."""

import re
from dataclasses import dataclass
from typing import Optional, Tuple

from lading.image.reference import Repository, parse_tag
from lading.values.digest import Sha256
from lading.values.errors import LadingError

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")

_DEFAULT_TAG = "latest"


@dataclass(frozen=True)
class Reference:
    """An image of a repository by tag, by digest, or by both; then the digest decides."""

    repository: Repository
    tag: Optional[str] = None
    digest: Optional[Sha256] = None

    @classmethod
    def parse(cls, text: str, field: str = "image") -> "Reference":
        """`name`, `name:tag`, `name@sha256:<hex>` or `name:tag@sha256:<hex>`.

        Without tag and digest the tag is `latest`, as usual. Raises a LadingError about `field`,
        with the reason, for anything else.
        """
        rest, at, digest = text.partition("@")
        parsed = parse_digest(digest)
        if at and parsed is None:
            raise LadingError(
                f"`{field}` {text!r} has the digest {digest!r}, which is not an image's digest. "
                "Write `@sha256:` and 64 lower-case hexadecimal digits."
            )
        name, tag = _split_tag(rest)
        if tag is not None:
            parse_tag(tag, field)
        repository = Repository.parse(name, field)
        if not at:
            return cls(repository, tag or _DEFAULT_TAG)
        return cls(repository, tag, parsed)

    @property
    def name(self) -> str:
        """As it was written, without the digest if there is a tag: `debian:12`."""
        return (
            f"{self.repository.name}:{self.tag}"
            if self.tag
            else f"{self.repository.name}@{self.digest}"
        )

    def __str__(self) -> str:
        """In full: `docker.io/library/debian:12@sha256:...`."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository.canonical}{tag}{digest}"


def parse_digest(text: str) -> Optional[Sha256]:
    """The digest of a manifest, in the only form that registries accept; None for others."""
    match = _DIGEST.fullmatch(text)
    return Sha256(match.group(1)) if match else None


def _split_tag(text: str) -> Tuple[str, Optional[str]]:
    """A colon after the last slash begins a tag; an earlier one begins a port."""
    head, slash, last = text.rpartition("/")
    name, colon, tag = last.partition(":")
    return head + slash + name, tag if colon else None
