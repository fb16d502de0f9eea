"""Publishes several images; a layer that one image has put into a registry is not uploaded for the
others."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from lading.image.reference import Repository
from lading.network.persistence import Patience
from lading.registry.auth.credentials import CredentialSource
from lading.registry.certificates import CERTIFICATES_DIR
from lading.registry.push.publish_request import Destination, ImageToPublish
from lading.registry.push.publish_result import PublishResult
from lading.registry.push.push import PATIENCE_TO_PUSH, BlobOutcome, Pusher
from lading.registry.push.push_image import BlobCounts, ImagePush, tags_to_move
from lading.registry.push.pushed_layers import PushedLayers
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.errors import LadingError

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


def publish(images: Sequence[ImageToPublish], registries: Registries) -> Tuple[PublishResult, ...]:
    """Push every image to each of its destinations; a failure does not stop the others.

    The results are in the order of the images and their destinations. Images are pushed one after
    the other, so that a layer that they share is uploaded to a registry once and then mounted.
    """
    plan, there = _Owners(), _Owners()
    pairs = [(image, destination) for image in images for destination in image.destinations]
    for image, destination in pairs:
        plan.add(destination.repository, image.digests)
    tasks = [_Task(image, destination, registries, plan) for image, destination in pairs]
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            for task in threads.map(_looked, tasks):
                there.add(task.destination.repository, task.there)
        except BaseException:
            for task in tasks:
                task.stop()
            raise
    for task in tasks:
        task.push(there)
        there.add(task.destination.repository, task.there)
    return tuple(task.result() for task in tasks)


def _looked(task: "_Task") -> "_Task":
    task.look()
    return task


class _Owners:
    """The first repository of each registry that has a blob."""

    def __init__(self) -> None:
        self._repositories: Dict[Tuple[str, Sha256], Repository] = {}

    def add(self, repository: Repository, digests: Iterable[Sha256]) -> None:
        for digest in digests:
            self._repositories.setdefault((repository.registry, digest), repository)

    def of(self, registry: str, digest: Sha256) -> Optional[Repository]:
        return self._repositories.get((registry, digest))


class _Task:
    """One image and one destination."""

    def __init__(
        self,
        image: ImageToPublish,
        destination: Destination,
        registries: Registries,
        plan: _Owners,
    ) -> None:
        self.image = image
        self.destination = destination
        self.there: List[Sha256] = []
        self._report = registries.report
        self._pushed = registries.pushed
        self._guesses = {
            layer.digest: self._pushed.find(destination.repository.registry, layer.digest)
            for layer in image.files.layers
        }
        self._mountable = self._usual_sources(plan)
        self._pusher = Pusher(
            destination.repository,
            registries.machine,
            registries.credentials,
            registries.report,
            registries.patience,
            sorted(self._mountable, key=lambda one: one.canonical),
            registries.certificates,
        )
        self._moved: Tuple[str, ...] = ()
        self._push: Optional[ImagePush] = None
        self._error: Optional[str] = None

    def stop(self) -> None:
        self._pusher.stop()

    def look(self) -> None:
        """Find out which tags must move, and whether the image is already there."""
        digest = self.image.files.digest
        try:
            self._moved = tags_to_move(self._pusher, digest, self.destination.tags)
        except LadingError as error:
            self._error = str(error)
            return
        if len(self._moved) < len(self.destination.tags):
            self.there.extend(self.image.digests)

    def push(self, owners: _Owners) -> None:
        is_there = bool(self.there)
        if self._error is None and not (is_there and not self._moved):
            push = ImagePush(self._pusher, self.image.files, self._sources(owners))
            self._push = push
            try:
                push.push(self._moved, is_there)
            except LadingError as error:
                self._error = str(error)
            self.there.extend(push.outcomes)
            self._note(push.outcomes)
        self._pusher.close()
        self._report(self.result().sentence)

    def result(self) -> PublishResult:
        return PublishResult(
            self.image.name,
            self.destination.repository,
            self.image.files.digest,
            self.destination.tags,
            self._moved,
            self._push.counts if self._push else BlobCounts(),
            self._pusher.requests,
            self._pusher.token_requests,
            self._error,
        )

    def _note(self, outcomes: Dict[Sha256, BlobOutcome]) -> None:
        """Record who has a layer now, unless a correct owner is known."""
        for digest in self._guesses.keys() & outcomes.keys():
            if self._guesses[digest] is None or outcomes[digest] is BlobOutcome.PUSHED:
                self._pushed.note(self.destination.repository, digest)

    def _usual_sources(self, plan: _Owners) -> Set[Repository]:
        """The sources of most blobs."""
        found = Counter(one for digest in self.image.digests for one in self._owners(plan, digest))
        found.pop(self.destination.repository, None)
        return {one for one, _ in found.most_common(_MOST_SOURCES)}

    def _sources(self, owners: _Owners) -> Dict[Sha256, Tuple[Repository, ...]]:
        """The repositories that the image's blobs may be mounted from, best first."""
        return {
            digest: tuple(one for one in self._owners(owners, digest) if one in self._mountable)
            for digest in self.image.digests
        }

    def _owners(self, owners: _Owners, digest: Sha256) -> List[Repository]:
        """The repositories, in this registry or others, that may have the blob."""
        known = owners.of(self.destination.repository.registry, digest)
        candidates = (known, self._guesses.get(digest), self.image.origins.get(digest))
        return list(dict.fromkeys(one for one in candidates if one is not None))
