from typing import List, Optional

import pytest

from lading.image.config.platform import Platform
from lading.registry.descriptor import Descriptor
from lading.registry.manifest import ImageIndex, IndexEntry
from lading.registry.platform_choice import choose, suits
from lading.values.digest import Sha256


def platform(text: Optional[str]) -> Optional[Platform]:
    return None if text is None else Platform(*text.split("/"))


@pytest.mark.parametrize(
    "wanted, offered, chosen",
    [
        ("linux/amd64", ["linux/arm64", "linux/amd64"], ["linux/amd64"]),
        ("linux/amd64", ["windows/amd64", "linux/386"], []),
        ("linux/amd64", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64"], ["linux/amd64"]),
        (
            "linux/amd64/v3",
            ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"],
            ["linux/amd64/v2", "linux/amd64"],
        ),
        ("linux/arm64", ["linux/arm/v7", "linux/arm64/v8"], ["linux/arm64/v8"]),
        ("linux/arm64/v8", ["linux/arm64"], ["linux/arm64"]),
        ("linux/arm64/v9", ["linux/arm64", "linux/arm64/v9"], ["linux/arm64/v9"]),
        (
            "linux/arm",
            ["linux/arm/v5", "linux/arm/v6", "linux/arm/v8"],
            ["linux/arm/v6", "linux/arm/v5"],
        ),
        ("linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], ["linux/arm/v5"]),
        ("linux/ppc64le", ["linux/ppc64le"], ["linux/ppc64le"]),
        ("linux/amd64", [None, "linux/amd64", "linux/s390x"], ["linux/amd64", None]),
    ],
)
def test_entries_for_a_platform_best_first(
    wanted: str, offered: List[Optional[str]], chosen: List[Optional[str]]
) -> None:
    descriptor = Descriptor("", Sha256("0" * 64), 0)
    index = ImageIndex(tuple(IndexEntry(descriptor, platform(one)) for one in offered))
    found = choose(index, Platform.parse(wanted))
    assert [str(one.platform) if one.platform else None for one in found] == chosen


def test_what_suits() -> None:
    assert suits(Platform("linux", "arm64"), Platform("linux", "arm64", "v8"))
    assert not suits(Platform("linux", "arm", "v7"), Platform("linux", "arm", "v6"))
    assert not suits(Platform("linux", "arm64"), Platform("linux", "amd64"))
