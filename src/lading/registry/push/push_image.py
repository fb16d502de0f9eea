"""Pushes an image: first its blobs, then its manifest by digest, and tags last."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Sequence, Tuple

from lading.image.reference import Repository
from lading.registry.push.push import BlobOutcome, Pusher
from lading.registry.push.upload import BlobFile
from lading.values.digest import Sha256

#: How many blobs are uploaded at the same time.
_THREADS = 4


@dataclass(frozen=True)
class ImageFiles:
    """`layers` are ordered from the lowest. `media_type` is the manifest's."""

    manifest: bytes
    media_type: str
    config: BlobFile
    layers: Tuple[BlobFile, ...]

    @property
    def digest(self) -> Sha256:
        return Sha256.of(self.manifest)


class BlobCounts:
    """Numbers and sizes of blobs by outcome."""

    def __init__(self) -> None:
        self.blobs: Dict[str, int] = {one.value: 0 for one in BlobOutcome}
        self.bytes = dict(self.blobs)

    def add(self, outcome: BlobOutcome, size: int) -> None:
        self.blobs[outcome.value] += 1
        self.bytes[outcome.value] += size


def tags_to_move(pusher: Pusher, digest: Sha256, tags: Sequence[str]) -> Tuple[str, ...]:
    """The tags that do not name `digest` yet."""
    return tuple(tag for tag in tags if pusher.manifest_of(tag) != digest)


class ImagePush:
    """`sources` has, by blob, the repositories that it may be mounted from, best first.

    `counts` and `outcomes` (what happened to each blob that is in the repository) are up to date at
    any time.
    """

    def __init__(
        self,
        pusher: Pusher,
        image: ImageFiles,
        sources: Mapping[Sha256, Sequence[Repository]],
    ) -> None:
        self.counts = BlobCounts()
        self.outcomes: Dict[Sha256, BlobOutcome] = {}
        self._pusher = pusher
        self._image = image
        self._sources = sources
        self._lock = threading.Lock()

    def push(self, tags: Sequence[str], is_there: bool) -> None:
        """Make `tags` name the image. `is_there` means that the repository already has its
        manifest.

        Raises LadingError if the registry refuses something; whatever arrived before stays there.
        """
        image, digest = self._image, self._image.digest
        names = tags
        if not is_there and self._pusher.manifest_of(str(digest)) != digest:
            self._push_blobs()
            names = (str(digest), *tags)
        self._pusher.manifest(image.manifest, image.media_type, digest, names)

    def _push_blobs(self) -> None:
        blobs = (*self._image.layers, self._image.config)
        distinct = {blob.digest: blob for blob in blobs}
        with ThreadPoolExecutor(_THREADS) as threads:
            pending = [threads.submit(self._push_blob, one) for one in distinct.values()]
            try:
                wait(pending, return_when="FIRST_EXCEPTION")
                failed = _first_failure(pending)
                if failed is not None:
                    raise failed
            except BaseException:
                for one in pending:
                    one.cancel()
                self._pusher.stop()
                raise

    def _push_blob(self, blob: BlobFile) -> None:
        outcome = self._pusher.blob(blob, self._sources.get(blob.digest, ()))
        with self._lock:
            self.counts.add(outcome, blob.size)
            self.outcomes[blob.digest] = outcome


def _first_failure(futures: "Sequence[Future[None]]") -> Optional[BaseException]:
    return next((one.exception() for one in futures if one.done() and one.exception()), None)
