"""`base_image`: an image in a registry, pinned by digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from pants.engine.addresses import Address
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    InvalidFieldException,
    InvalidTargetException,
    StringField,
    Target,
)

from lading.image.config.platform import Platform
from lading.registry.reference import Reference, parse_digest
from lading.values.errors import LadingError
from lading_pants.fields.lading_target import LadingTarget

ALIAS = "base_image"


class BaseImageNameField(StringField):
    alias = "image"
    required = True
    help = (
        "The image as `docker pull` takes it, such as\n\n"
        "- `debian:12-slim`, which is short for `docker.io/library/debian:12-slim`\n"
        "- `registry.example:5000/team/app:1.2`\n"
        "- `debian@sha256:<digest>` or `debian:12-slim@sha256:<digest>`\n\n"
        "Without tag and digest the tag is `latest`. Beside a digest the tag tells people what "
        "the image is; it is looked up if `[lading].refuse_stale_base_images` is set."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        if raw_value is None:
            raise _refuse(address, "`image` is missing. Write a name such as `debian:12-slim`.")
        value = super().compute_value(raw_value, address)
        try:
            Reference.parse(raw_value, cls.alias)
        except LadingError as error:
            raise _refuse(address, error) from error
        return value


class BaseImageDigestField(StringField):
    alias = "digest"
    help = (
        "The digest that the image is trusted by, `sha256:` and 64 hexadecimal digits: that of "
        "its manifest, or of the index that has it for several platforms, as `docker pull` "
        "prints it.\n\n"
        "If it is unset and `image` has none either, the digest is taken from the file "
        "`[lading].base_images_lock`, into which `./pants generate-lockfiles "
        "--resolve=base-images` writes the digests that the tags have at that time."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address)
        if value is not None and parse_digest(value) is None:
            raise _refuse(
                address,
                f"`digest` is {value!r}, which is not one of an image. Write `sha256:` and 64 "
                "lower-case hexadecimal digits, or leave it out and run "
                "`./pants generate-lockfiles --resolve=base-images`.",
            )
        return value


class BaseImagePlatformField(StringField):
    alias = "platform"
    help = (
        "The platform of the image, such as `linux/amd64`, `linux/arm64` or `linux/arm/v7`; that "
        "of the machine if unset. Of an image for several platforms the one for this is taken."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address)
        if value is not None:
            try:
                Platform.parse(value)
            except LadingError as error:
                raise _refuse(address, f"`platform`: {error}") from error
        return value


class BaseImageTarget(LadingTarget):
    alias = ALIAS
    core_fields = (
        *COMMON_TARGET_FIELDS,
        BaseImageNameField,
        BaseImageDigestField,
        BaseImagePlatformField,
    )
    help = (
        "An image in a registry, pinned by digest, for `docker_image` targets to be put on.\n\n"
        "    base_image(\n"
        '        name="debian",\n'
        '        image="docker.io/library/debian:12-slim",\n'
        '        digest="sha256:<64 hexadecimal digits>",\n'
        "    )\n\n"
        "Its manifest and config are pulled when an image that is built needs them, its layers "
        "when what lies in them is not known yet, an archive is written or a command runs on it. "
        "Every byte is checked against the digest. There is nothing to package or to run: "
        "`docker_image` targets name it as their `base`."
    )

    def validate(self) -> None:
        super().validate()
        try:
            named_image(self)
        except LadingError as error:
            raise InvalidTargetException(f"{subject(self.address)}: {error}") from error


@dataclass(frozen=True)
class NamedImage:
    """What the fields of a `base_image` say. Without a digest the reference has a tag.

    `platform` is None for that of the machine.
    """

    reference: Reference
    platform: Optional[Platform]


def named_image(target: Target) -> NamedImage:
    """LadingError if the fields contradict each other."""
    image = target[BaseImageNameField].value or ""
    digest = target[BaseImageDigestField].value
    platform = target[BaseImagePlatformField].value
    reference = Reference.parse(image)
    if digest is not None and reference.digest is None:
        reference = Reference.parse(f"{image}@{digest}")
    elif digest is not None and str(reference.digest) != digest:
        raise LadingError(
            f"`image` has the digest {reference.digest}, and `digest` is {digest}. Leave one of "
            "them out."
        )
    return NamedImage(reference, None if platform is None else Platform.parse(platform))


def subject(address: Address) -> str:
    """How errors begin."""
    return f"`{ALIAS}` {address}"


def _refuse(address: Address, reason: object) -> InvalidFieldException:
    return InvalidFieldException(f"{subject(address)}: {reason}")
