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
from pants.util.strutil import help_text

from lading.image.config.platform import Platform
from lading.registry.reference import Reference, parse_digest
from lading.values.errors import LadingError
from lading_pants.fields.lading_target import LadingTarget

ALIAS = "base_image"


class BaseImageNameField(StringField):
    alias = "image"
    required = True
    help = help_text(
        """
        The name of the image, as for `docker pull`:

        * `debian:12-slim`, which is short for `docker.io/library/debian:12-slim`
        * `registry.example:5000/team/app:1.2`
        * `debian@sha256:<digest>` or `debian:12-slim@sha256:<digest>`

        Without a tag or digest, the tag is `latest`. Beside a digest, a tag is only a note to
        readers, unless `[lading].refuse_stale_base_images` is set: then Lading looks it up.
        """
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
    help = help_text(
        """
        The digest that pins the image: `sha256:` and 64 hexadecimal digits, as `docker pull`
        prints them. It is the digest of the image's manifest, or of the index of an image for
        several platforms.

        If neither this nor `image` has a digest, it is read from the file
        `[lading].base_images_lock`. `./pants generate-lockfiles --resolve=base-images` writes the
        current digest of each tag there.
        """
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address)
        if value is not None and parse_digest(value) is None:
            raise _refuse(
                address,
                f"`digest` is {value!r}, which is not an image's digest. Write `sha256:` and 64 "
                "lower-case hexadecimal digits, or leave it out and run `./pants "
                "generate-lockfiles --resolve=base-images`.",
            )
        return value


class BaseImagePlatformField(StringField):
    alias = "platform"
    help = help_text(
        """
        The platform of the image, such as `linux/amd64`, `linux/arm64` or `linux/arm/v7`.
        Defaults to the machine's platform. It selects one image of those that a multi-platform
        index lists.
        """
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
    help = help_text(
        """
        An image in a registry, pinned by digest, that a `docker_image` can name as its `base`.

            base_image(
                name="debian",
                image="docker.io/library/debian:12-slim",
                digest="sha256:<64 hexadecimal digits>",
            )

        Lading pulls the manifest and config when a build needs them. It pulls the layers when it
        does not know yet which files they hold, when it writes an archive, or when a command runs
        in the image. Every byte is checked against the digest. There is nothing to package or
        run.
        """
    )

    def validate(self) -> None:
        super().validate()
        try:
            named_image(self)
        except LadingError as error:
            raise InvalidTargetException(f"{subject(self.address)}: {error}") from error


@dataclass(frozen=True)
class NamedImage:
    """The fields of a `base_image`. Without a digest the reference has a tag.

    `platform` is None for the machine's own.
    """

    reference: Reference
    platform: Optional[Platform]


def named_image(target: Target) -> NamedImage:
    """Raises LadingError if the fields contradict each other."""
    image = target[BaseImageNameField].value or ""
    digest = target[BaseImageDigestField].value
    platform = target[BaseImagePlatformField].value
    reference = Reference.parse(image)
    if digest is not None and reference.digest is None:
        reference = Reference.parse(f"{image}@{digest}")
    elif digest is not None and str(reference.digest) != digest:
        raise LadingError(
            f"`image` has the digest {reference.digest}, but `digest` is {digest}. Remove one of "
            "them."
        )
    return NamedImage(reference, None if platform is None else Platform.parse(platform))


def subject(address: Address) -> str:
    """The beginning of error messages."""
    return f"`{ALIAS}` {address}"


def _refuse(address: Address, reason: object) -> InvalidFieldException:
    return InvalidFieldException(f"{subject(address)}: {reason}")
