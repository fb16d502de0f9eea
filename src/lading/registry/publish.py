"""Publishing several images: what one has brought to a registry, the others need not bring."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from lading.digest import Sha256
from lading.errors import LadingError
from lading.fetch.persistence import Patience
from lading.image.reference import Repository
from lading.machine import Machine
from lading.registry.credentials import CredentialSource
from lading.registry.publish_request import Destination, ImageToPublish
from lading.registry.publish_result import PublishResult
from lading.registry.push import PATIENCE_TO_PUSH, Pusher
from lading.registry.push_image import BlobCounts, ImagePush, tags_to_move

#: How many repositories are asked at once what they have.
_THREADS = 8


@dataclass(frozen=True)
class Registries:
    """How this machine reaches them."""

    machine: Machine
    credentials: CredentialSource
    report: Callable[[str], None]
    patience: Patience = PATIENCE_TO_PUSH


def publish(images: Sequence[ImageToPublish], registries: Registries) -> Tuple[PublishResult, ...]:
    """Push every image to each of its destinations; a failure does not hinder the others.

    The results are in the order of the images and their destinations. Images are pushed one
    after the other, so that a layer that they share is uploaded once to a registry and mounted
    from there.
    """
    plan, there = _Owners(), _Owners()
    pairs = [(image, destination) for image in images for destination in image.destinations]
    for image, destination in pairs:
        plan.add(destination.repository, image.digests)
    tasks = [_Task(image, destination, registries, plan) for image, destination in pairs]
    with ThreadPoolExecutor(_THREADS) as threads:
        for task in threads.map(_looked, tasks):
            there.add(task.destination.repository, task.there)
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

    def of(self, registry: str, digest: Sha256) -> Tuple[Repository, ...]:
        found = self._repositories.get((registry, digest))
        return (found,) if found else ()


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
        self._pusher = Pusher(
            destination.repository,
            registries.machine,
            registries.credentials,
            registries.report,
            registries.patience,
            [one for sources in self._sources(plan).values() for one in sources],
        )
        self._moved: Tuple[str, ...] = ()
        self._push: Optional[ImagePush] = None
        self._error: Optional[str] = None

    def look(self) -> None:
        """Find out what tags are to be moved, and whether the image is there."""
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
        if self._error is not None or (is_there and not self._moved):
            return
        self._push = ImagePush(self._pusher, self.image.files, self._sources(owners), self._report)
        try:
            self._push.push(self._moved, is_there)
        except LadingError as error:
            self._error = str(error)
        self.there.extend(self._push.there)

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

    def _sources(self, owners: _Owners) -> Dict[Sha256, Tuple[Repository, ...]]:
        """Where the image's blobs may be mounted from, best first."""
        registry = self.destination.repository.registry
        return {
            digest: tuple(
                one
                for one in (*owners.of(registry, digest), self.image.origins.get(digest))
                if one is not None
            )
            for digest in self.image.digests
        }
