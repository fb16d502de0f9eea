from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lading_pants.python.complete_platform import complete_platform

# What `pex3 interpreter inspect --markers --tags` printed in Debian 12, whose glibc is 2.36.
DEBIAN12 = Path(__file__).parents[3] / "3rdparty/python/debian12.json"


def described(*python: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(complete_platform(*python))
    return found


def test_it_is_what_pex_says_of_debian_12() -> None:
    pex, ours = json.loads(DEBIAN12.read_text()), described(11, 2, "x86_64")
    newer = re.compile(r".*-manylinux_2_(?:3[7-9]|[45][0-9])_x86_64")
    tags = [tag for tag in ours["compatible_tags"] if not newer.fullmatch(tag)]
    assert tags == pex["compatible_tags"]
    assert ours["marker_environment"] == pex["marker_environment"]


def test_a_python_whose_version_nobody_can_tell_needs_no_backports() -> None:
    markers = described(11, None, "aarch64")["marker_environment"]
    assert markers["python_full_version"] == "3.11.99"
    assert markers["platform_machine"] == "aarch64"
