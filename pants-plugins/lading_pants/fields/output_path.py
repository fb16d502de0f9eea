"""The path in dist/ for the output of the goal `package`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar, Optional

from pants.core.goals.package import OutputPathField
from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException
from pants.util.strutil import help_text


class PathInDistField(OutputPathField):
    """Pants accepts any string, and removes what is at the path before it writes there."""

    target_alias: ClassVar[str]
    example: ClassVar[str]
    ending: ClassVar[str] = ""

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address)
        reason = _reason_against(value, cls.ending) if value else None
        if reason:
            raise InvalidFieldException(
                f"`{cls.target_alias}` {address}: `{cls.alias}` is {value!r}, which {reason}. "
                f'Write a path below dist/ such as `{cls.alias}="{cls.example}"`.'
            )
        return value


def _reason_against(value: str, ending: str) -> Optional[str]:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        return "leads out of dist/"
    if str(path) != value or value == "." or "\0" in value:
        return "is not a path in its shortest form"
    if not path.name.endswith(ending) or path.name == ending:
        return f"does not end in {ending}"
    return None


class ArchivePathField(PathInDistField):
    target_alias = "docker_image"
    example = "images/redis.tar"
    ending = ".tar"
    help = help_text(
        """
        The image archive's path in dist/, ending in `.tar`, such as `images/redis.tar`. The JSON
        file that describes the image is put beside it, with `.json` in place of `.tar`.

        Defaults to the BUILD file's directory, with dots for slashes, and the target's name:
        `images/base:redis` is `images.base/redis.tar`.
        """
    )


class PackagePathField(PathInDistField):
    target_alias = "store_package"
    example = "packages/redis"
    help = help_text(
        """
        The directory in dist/ for the packed package and its descriptions, such as
        `packages/redis`.

        Defaults to the BUILD file's directory, with dots for slashes, and the target's name:
        `3rdparty/redis:redis` is `3rdparty.redis/redis`.
        """
    )


class ScriptPathField(PackagePathField):
    target_alias = "store_script"
    example = "packages/entrypoint"
