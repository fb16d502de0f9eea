"""The platform that things are built for, in Debian's and OCI's terms."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.platform import Platform
from pants.engine.rules import rule

from lading_pants.errors import TargetError

# Debian and OCI use the same names for these two.
_ARCHITECTURES = {Platform.linux_x86_64: "amd64", Platform.linux_arm64: "arm64"}


@dataclass(frozen=True)
class BuildPlatform:
    """The platform of the environment that builds run in, and so of their results."""

    architecture: str

    @property
    def oci(self) -> str:
        return f"linux/{self.architecture}"


@rule
def build_platform(platform: Platform) -> BuildPlatform:
    if platform not in _ARCHITECTURES:
        raise TargetError(
            f"Lading builds on Linux, and this is {platform.value}: use a Linux machine, or a "
            "`docker_environment` or `remote_environment` target."
        )
    return BuildPlatform(_ARCHITECTURES[platform])
