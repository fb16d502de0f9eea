"""Publishes an image to several repositories; what one repository of a registry has got is not
uploaded for the others."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Callable, List, Mapping, Optional, Sequence, Tuple

from lading.image.reference import Repository, parse_tag
from lading.network.retries import Patience
from lading.registry.auth.credentials import CredentialSource
from lading.registry.certificates import CERTIFICATES_DIR
from lading.registry.push.publish_request import ImageToPublish
from lading.registry.push.publish_result import VERSION, PublishedImage, PublishResult
from lading.registry.push.push import PATIENCE_TO_PUSH, BlobOutcome, Pusher
from lading.registry.push.push_image import ImageFiles, ImagePush, tags_to_move
from lading.registry.push.pushed_layers import PushedLayers
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.size import shown_size

#: How many repositories are checked at the same time.
_THREADS = 8

#: How many other repositories a repository mounts from; each one is named in token requests.
_MOST_SOURCES = 10


@dataclass(frozen=True)
class Registries:
    """How this machine reaches registries, and what it knows about them."""

    machine: Machine
    credentials: CredentialSource
    report: Callable[[str], None]
    patience: Patience = PATIENCE_TO_PUSH
    pushed: PushedLayers = field(default_factory=PushedLayers)
    certificates: str = CERTIFICATES_DIR


def publish(request: ImageToPublish, registries: Registries) -> PublishResult:
    """Push the image to each repository; a failure does not stop the others.

    Repositories are pushed to one after the other, so that a layer is uploaded to a registry once
    and then mounted. Raises LadingError for an invalid repository or tag.
    """
    files = request.files()
    tags = tuple(dict.fromkeys(map(parse_tag, request.tags)))
    repositories = tuple(map(Repository.parse, request.repositories))
    first = {one.registry: one for one in reversed(repositories)}
    origin = None if request.origin is None else Repository.parse(request.origin)
    origins = {layer.digest: origin for layer in files.layers[: request.pulled_layers]}
    tasks = [
        _Task(files, one, tags, first[one.registry], origins, registries) for one in repositories
    ]
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            list(threads.map(_Task.look, tasks))
        except BaseException:
            for task in tasks:
                task.stop()
            raise
    published = tuple(task.push() for task in tasks)
    return PublishResult(VERSION, request.image, files.digest, tags, published)


class _Task:
    """One repository. `first` is the one in its registry that is pushed to first, `origins` are the
    repositories that layers were pulled from."""

    def __init__(
        self,
        files: ImageFiles,
        repository: Repository,
        tags: Sequence[str],
        first: Repository,
        origins: Mapping[Sha256, Optional[Repository]],
        registries: Registries,
    ) -> None:
        self._repository = repository
        self._digest = files.digest
        self._tags = tags
        self._registries = registries
        self._guesses = {
            layer.digest: registries.pushed.find(repository.registry, layer.digest)
            for layer in files.layers
        }
        sources = {
            blob.digest: self._others(
                first, self._guesses.get(blob.digest), origins.get(blob.digest)
            )
            for blob in (*files.layers, files.config)
        }
        usual = [one for one, _ in Counter(chain(*sources.values())).most_common(_MOST_SOURCES)]
        self._pusher = Pusher(
            repository,
            registries.machine,
            registries.credentials,
            registries.report,
            registries.patience,
            sorted(usual, key=lambda one: one.canonical),
            registries.certificates,
        )
        self._push = ImagePush(
            self._pusher,
            files,
            {digest: [one for one in all_ if one in usual] for digest, all_ in sources.items()},
        )
        self._moved: Tuple[str, ...] = ()
        self._error: Optional[str] = None

    def stop(self) -> None:
        self._pusher.stop()

    def look(self) -> None:
        """Find out which tags must move, and whether the image is already there."""
        try:
            self._moved = tags_to_move(self._pusher, self._digest, self._tags)
        except LadingError as error:
            self._error = str(error)

    def push(self) -> PublishedImage:
        is_there = len(self._moved) < len(self._tags)
        if self._error is None and (self._moved or not is_there):
            try:
                self._push.push(self._moved, is_there)
            except LadingError as error:
                self._error = str(error)
            self._note(self._push.outcomes)
        self._pusher.close()
        result = self._result()
        tags = f" as {', '.join(self._tags)}" if self._tags else ""
        self._registries.report(f"{self._repository.name}@{self._digest}{tags}: {_outcome(result)}")
        return result

    def _result(self) -> PublishedImage:
        names = [f"{self._repository.name}:{tag}" for tag in self._tags] or [self._repository.name]
        return PublishedImage(
            repository=self._repository.canonical,
            names=() if self._error else tuple(f"{name}@{self._digest}" for name in names),
            moved_tags=self._moved,
            blobs=self._push.counts.blobs,
            bytes=self._push.counts.bytes,
            requests=self._pusher.requests,
            token_requests=self._pusher.token_requests,
            error=self._error,
        )

    def _note(self, outcomes: Mapping[Sha256, BlobOutcome]) -> None:
        """Record who has a layer now, unless a correct owner is known."""
        for digest in self._guesses.keys() & outcomes.keys():
            if self._guesses[digest] is None or outcomes[digest] is BlobOutcome.PUSHED:
                self._registries.pushed.note(self._repository, digest)

    def _others(self, *candidates: Optional[Repository]) -> List[Repository]:
        """What a blob may be mounted from, best first."""
        return [one for one in dict.fromkeys(candidates) if one and one != self._repository]


def _outcome(result: PublishedImage) -> str:
    if result.error is not None:
        return "failed"
    blobs = [
        f"{count} {outcome} ({shown_size(result.bytes[outcome])})"
        for outcome, count in result.blobs.items()
        if count
    ]
    if blobs:
        return f"blobs {', '.join(blobs)}"
    return "tags set" if result.moved_tags else "unchanged"
