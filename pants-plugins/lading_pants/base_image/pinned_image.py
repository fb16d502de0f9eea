"""Resolves the image that a `base_image` names to a digest."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace

from pants.engine.addresses import Address
from pants.engine.fs import EMPTY_DIGEST, Digest, DigestContents, GlobMatchErrorBehavior, PathGlobs
from pants.engine.process import ProcessCacheScope
from pants.engine.rules import Get, rule
from pants.engine.target import WrappedTarget, WrappedTargetRequest

from lading.image.config.platform import Platform
from lading.registry.pins import Pins
from lading.registry.pull.pull_request import TagRequest
from lading.registry.reference import Reference
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import to_json
from lading_pants.base_image.base_image import named_image, subject
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.engine.platform import BuildPlatform
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.engine.registry_machine import RegistryMachine
from lading_pants.errors import TargetError

#: The name of the pins in `generate-lockfiles --resolve=`.
RESOLVE = "base-images"

#: The command that writes the pins.
COMMAND = f"./pants generate-lockfiles --resolve={RESOLVE}"

_OUTPUT = "pulled"

# In a path, they would make Pants look for several files.
_GLOB_CHARACTERS = frozenset("*?[]{}!\\")


@dataclass(frozen=True)
class PinnedImageRequest:
    """A `base_image` target."""

    address: Address


@dataclass(frozen=True)
class PinnedImage:
    """The image that a `base_image` names. `reference` has the digest of a manifest or an index,
    and the tag, if the user wrote one."""

    address: Address
    reference: Reference
    platform: Platform

    @property
    def subject(self) -> str:
        """The beginning of error messages."""
        return subject(self.address)


@dataclass(frozen=True)
class ResolvedTagRequest:
    """`reference` has a tag and no digest; errors are about `subject`."""

    reference: Reference
    subject: str


@dataclass(frozen=True)
class ResolvedTag:
    """What the tag names in this run of Pants."""

    digest: Sha256


@dataclass(frozen=True)
class PinsFile:
    """The file that `generate-lockfiles` writes pins to, below the build root."""

    path: str


@rule
def find_pins_file(lading: LadingSubsystem) -> PinsFile:
    path = lading.base_images_lock
    is_below = posixpath.normpath(path) == path and path.split("/")[0] not in ("", ".", "..")
    if not is_below or set(path) & _GLOB_CHARACTERS:
        raise TargetError(
            f"`[lading].base_images_lock` is {path!r}, which is not a path inside the repository. "
            "Write one such as `3rdparty/base-images.lock.json`."
        )
    return PinsFile(path)


@rule
async def read_pins(file: PinsFile) -> Pins:
    contents = await Get(DigestContents, PathGlobs([file.path], GlobMatchErrorBehavior.ignore))
    if not contents:
        return Pins({})
    try:
        return Pins.from_json(contents[0].content.decode("utf-8", "replace"), file.path)
    except LadingError as error:
        raise TargetError(str(error)) from error


@rule
async def resolve_tag(request: ResolvedTagRequest, machine: RegistryMachine) -> ResolvedTag:
    reference = request.reference
    resolved = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.registry.pull.pull_main",
            request=to_json(TagRequest(reference)),
            arguments=(_OUTPUT,),
            inputs=EMPTY_DIGEST,
            description=f"Resolving {reference}",
            subject=request.subject,
            output_directories=(_OUTPUT,),
            machine=machine,
            # The registry must be asked each time, whatever it answered an hour ago.
            cache_scope=ProcessCacheScope.PER_SESSION,
        ),
    )
    (written,) = await Get(DigestContents, Digest, resolved.digest)
    return ResolvedTag(Sha256.parse(written.content.decode("ascii")))


@rule
async def pin_image(
    request: PinnedImageRequest, file: PinsFile, lading: LadingSubsystem, build: BuildPlatform
) -> PinnedImage:
    about = subject(request.address)
    wrapped = await Get(
        WrappedTarget, WrappedTargetRequest(request.address, description_of_origin=about)
    )
    named = named_image(wrapped.target)
    reference = named.reference
    if reference.digest is None:
        pins = await Get(Pins)
        reference = replace(reference, digest=pins.digest(reference))
    if reference.digest is None:
        raise TargetError(
            f"{about}: {reference} is pinned neither in the target nor in {file.path}. Run "
            f"`{COMMAND}`, or set `digest`."
        )
    if lading.refuse_stale_base_images and reference.tag is not None:
        tag = replace(reference, digest=None)
        found = await Get(ResolvedTag, ResolvedTagRequest(tag, about))
        if found.digest != reference.digest:
            remedy = f"Run `{COMMAND}`" if named.reference.digest is None else "Pin that one"
            raise TargetError(
                f"{about}: {tag} is pinned as {reference.digest}, but the tag now names "
                f"{found.digest}. {remedy}, or set `[lading].refuse_stale_base_images` to false."
            )
    return PinnedImage(request.address, reference, named.platform or Platform.parse(build.oci))
