"""`generate-lockfiles` for `base_image` targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from pants.core.goals.generate_lockfiles import (
    GenerateLockfile,
    GenerateLockfileResult,
    KnownUserResolveNames,
    KnownUserResolveNamesRequest,
    RequestedUserResolveNames,
    UserGenerateLockfiles,
)
from pants.engine.fs import (
    CreateDigest,
    Digest,
    FileContent,
    GlobMatchErrorBehavior,
    PathGlobs,
    Paths,
)
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import AllTargets
from pants.engine.unions import UnionRule

from lading.registry.pins import Pins
from lading.registry.reference import Reference
from lading_pants.base_image.base_image import BaseImageNameField, named_image, subject
from lading_pants.base_image.pinned_image import RESOLVE, PinsFile, ResolvedTag, ResolvedTagRequest


class KnownBaseImagePinsRequest(KnownUserResolveNamesRequest):
    pass


class RequestedBaseImagePins(RequestedUserResolveNames):
    pass


@dataclass(frozen=True)
class UnpinnedImages:
    """The images that `base_image` targets name only by tag, each once, with the first target that
    does."""

    images: tuple[tuple[Reference, str], ...]


@dataclass(frozen=True)
class GenerateBaseImagePins(GenerateLockfile):
    images: UnpinnedImages


@rule
def find_unpinned_images(all_targets: AllTargets) -> UnpinnedImages:
    found: dict[str, tuple[Reference, str]] = {}
    for target in sorted(all_targets, key=lambda target: target.address):
        if target.has_field(BaseImageNameField):
            reference = named_image(target).reference
            if reference.digest is None:
                found.setdefault(str(reference), (reference, subject(target.address)))
    return UnpinnedImages(tuple(found.values()))


@rule
async def known_base_image_pins(
    _: KnownBaseImagePinsRequest, file: PinsFile, images: UnpinnedImages
) -> KnownUserResolveNames:
    # A file that no target needs any more is emptied.
    present = await Get(Paths, PathGlobs([file.path], GlobMatchErrorBehavior.ignore))
    return KnownUserResolveNames(
        names=(RESOLVE,) if images.images or present.files else (),
        option_name="`base_image` targets",
        requested_resolve_names_cls=RequestedBaseImagePins,
    )


@rule
def requested_base_image_pins(
    requested: RequestedBaseImagePins, file: PinsFile, images: UnpinnedImages
) -> UserGenerateLockfiles:
    if RESOLVE not in requested:
        return UserGenerateLockfiles()
    return UserGenerateLockfiles(
        [GenerateBaseImagePins(RESOLVE, file.path, diff=False, images=images)]
    )


@rule
async def generate_base_image_pins(generate: GenerateBaseImagePins) -> GenerateLockfileResult:
    images = generate.images.images
    resolved = await MultiGet(
        Get(ResolvedTag, ResolvedTagRequest(reference, about)) for reference, about in images
    )
    pins = Pins({str(image): tag.digest for (image, _), tag in zip(images, resolved)})
    lock = FileContent(generate.lockfile_dest, pins.to_json().encode("utf-8"))
    digest = await Get(Digest, CreateDigest([lock]))
    return GenerateLockfileResult(digest, generate.resolve_name, generate.lockfile_dest)


def rules() -> Iterable[Rule | UnionRule]:
    return (
        *collect_rules(),
        UnionRule(GenerateLockfile, GenerateBaseImagePins),
        UnionRule(KnownUserResolveNamesRequest, KnownBaseImagePinsRequest),
        UnionRule(RequestedUserResolveNames, RequestedBaseImagePins),
    )
