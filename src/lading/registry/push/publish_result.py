"""The result of publishing an image to one destination."""

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from lading.image.reference import Repository
from lading.registry.push.push import BlobOutcome
from lading.registry.push.push_image import BlobCounts
from lading.values.digest import Sha256
from lading.values.size import shown_size


@dataclass(frozen=True)
class PublishResult:
    """`moved` are the tags that did not name the image before. If `error`, a sentence about what
    went wrong, is set, some of them may still not name it.
    """

    image: str
    repository: Repository
    digest: Sha256
    tags: Tuple[str, ...]
    moved: Tuple[str, ...] = ()
    counts: BlobCounts = field(default_factory=BlobCounts)
    requests: int = 0
    token_requests: int = 0
    error: Optional[str] = None

    @property
    def names(self) -> Tuple[str, ...]:
        """`name:tag@sha256:...` of each tag, or `name@sha256:...` if there is none."""
        name = self.repository.name
        return tuple(f"{name}{tag}@{self.digest}" for tag in (f":{tag}" for tag in self.tags)) or (
            f"{name}@{self.digest}",
        )

    @property
    def sentence(self) -> str:
        """One line for the user."""
        tags = f" as {', '.join(self.tags)}" if self.tags else ""
        return f"{self.repository.name}@{self.digest}{tags}: {self._outcome()}"

    def _outcome(self) -> str:
        if self.error is not None:
            return "failed"
        blobs = [
            f"{self.counts.blobs[one]} {one.value} ({shown_size(self.counts.bytes[one])})"
            for one in (BlobOutcome.PUSHED, BlobOutcome.MOUNTED, BlobOutcome.PRESENT)
            if self.counts.blobs[one]
        ]
        if blobs:
            return f"blobs {', '.join(blobs)}"
        return "tags set" if self.moved else "unchanged"

    def to_json(self) -> Dict[str, Any]:
        return {
            "image": self.image,
            "repository": self.repository.canonical,
            "digest": str(self.digest),
            "tags": list(self.tags),
            "moved_tags": list(self.moved),
            "names": list(self.names) if self.error is None else [],
            "blobs": {one.value: self.counts.blobs[one] for one in BlobOutcome},
            "bytes": {one.value: self.counts.bytes[one] for one in BlobOutcome},
            "requests": self.requests,
            "token_requests": self.token_requests,
            "error": self.error,
        }
