"""What was published, for users: `<name>.publish.json` in dist/."""

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from lading.values.digest import Sha256

#: Incremented when a reader of the previous version would misunderstand the document.
VERSION = 1


@dataclass(frozen=True)
class PublishedImage:
    """What was done in one repository.

    `names` are `name:tag@sha256:...` for each tag, or `name@sha256:...` if there is none.
    `moved_tags` did not name the image before. `blobs` counts blobs by what happened to them,
    `bytes` their sizes. If `error`, a sentence about what went wrong, is set, `names` is empty, and
    some of `moved_tags` may still not name the image.
    """

    repository: str
    names: Tuple[str, ...]
    moved_tags: Tuple[str, ...]
    blobs: Mapping[str, int]
    bytes: Mapping[str, int]
    requests: int
    token_requests: int
    error: Optional[str]


@dataclass(frozen=True)
class PublishResult:
    """`image` is the target's address, `digest` the image's in registries. `destinations` are in
    the order of the target's registries."""

    version: int
    image: str
    digest: Sha256
    tags: Tuple[str, ...]
    destinations: Tuple[PublishedImage, ...]
