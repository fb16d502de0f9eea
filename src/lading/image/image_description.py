"""What programs read about an image: `image.json`, which also lies beside the archive in dist/."""

from dataclasses import dataclass, field
from typing import Mapping, Sequence, Tuple

from lading.image.archive import archive_size
from lading.image.config.platform import Platform
from lading.image.manifest import Image
from lading.image.reference import ImageReference
from lading.values.digest import Sha256
from lading.values.path import StorePath

#: Incremented when a reader of the previous version would misunderstand the document.
VERSION = 1


@dataclass(frozen=True)
class ImageDigests:
    """`id` is the image's id in docker. `digest` is its digest in registries, and its id in docker
    with the containerd store (rules_img#76)."""

    id: Sha256
    digest: Sha256


@dataclass(frozen=True)
class ArchiveFile:
    """`size` is in bytes."""

    size: int


@dataclass(frozen=True)
class DescribedLayer:
    """`digest` and `size` (bytes) describe the blob, `diff_id` the tar in it."""

    digest: Sha256
    diff_id: Sha256
    size: int
    media_type: str


@dataclass(frozen=True)
class DescribedPackage:
    """A package in `/store`; `name` is the one in its path. `size` is the sum of the sizes of its
    files in bytes."""

    path: StorePath
    name: str
    size: int


@dataclass(frozen=True)
class DescribedDebian:
    """A Debian package in the image, and the effects of its maintainer scripts that are missing.

    `not_run` lists, by script, the commands that would change something, `temporary` what
    systemd-tmpfiles would create, `triggers` the directories whose files would activate its
    triggers.
    """

    name: str
    version: str
    architecture: str
    temporary: Tuple[str, ...] = ()
    not_run: Mapping[str, Tuple[str, ...]] = field(default_factory=dict, hash=False)
    triggers: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageDescription:
    """`layers` are ordered from the lowest; the first `base_layers` of them are those of `base`.
    `tags` are full names, such as `redis:7.0.15`."""

    version: int
    image: ImageDigests
    platform: Platform
    repository: str
    tags: Tuple[str, ...]
    archive: ArchiveFile
    base_layers: int
    layers: Tuple[DescribedLayer, ...]
    closure: Tuple[DescribedPackage, ...]
    debian: Tuple[DescribedDebian, ...]


def describe_image(
    image: Image,
    repository: str,
    references: Sequence[ImageReference],
    base_layers: int,
    closure: Sequence[DescribedPackage],
    debian: Sequence[DescribedDebian],
) -> ImageDescription:
    return ImageDescription(
        version=VERSION,
        image=ImageDigests(image.id, image.digest),
        platform=image.platform,
        repository=repository,
        tags=tuple(reference.name for reference in references),
        archive=ArchiveFile(archive_size(image, references)),
        base_layers=base_layers,
        layers=tuple(
            DescribedLayer(layer.digest, layer.diff_id, layer.size, layer.media_type)
            for layer in image.layers
        ),
        closure=tuple(sorted(closure, key=lambda member: member.path)),
        debian=tuple(sorted(debian, key=lambda package: package.name)),
    )
