from __future__ import annotations

import pytest
from pants.engine.platform import Platform

from lading_pants.engine.platform import build_platform
from lading_pants.errors import TargetError


@pytest.mark.parametrize(
    ("platform", "architecture", "oci"),
    [
        (Platform.linux_x86_64, "amd64", "linux/amd64"),
        (Platform.linux_arm64, "arm64", "linux/arm64"),
    ],
)
def test_linux_in_the_words_of_debian_and_oci(
    platform: Platform, architecture: str, oci: str
) -> None:
    found = build_platform.rule.func(platform)  # type: ignore[attr-defined]
    assert (found.architecture, found.oci) == (architecture, oci)


@pytest.mark.parametrize("platform", [Platform.macos_arm64, Platform.macos_x86_64])
def test_other_systems_are_refused_with_a_way_out(platform: Platform) -> None:
    with pytest.raises(TargetError) as raised:
        build_platform.rule.func(platform)  # type: ignore[attr-defined]
    assert str(raised.value) == (
        f"Lading builds on Linux, and this is {platform.value}: use a Linux machine, or a "
        "`docker_environment` or `remote_environment` target."
    )
