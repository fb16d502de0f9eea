"""The version has one place, `version` in BUILD; what must repeat it agrees."""

import re

from conftest import BUILD_ROOT


def _found(pattern: str, path: str) -> "set[str]":
    return set(re.findall(pattern, (BUILD_ROOT / path).read_text()))


def test_the_tutorial_installs_the_version_in_build() -> None:
    version = _found(r'version="([^"]+)"', "BUILD")
    assert len(version) == 1
    assert _found(r"pants-lading==([^\s\"]+)", "docs/tutorial.md") == version


def test_the_change_log_has_this_version_or_is_not_released() -> None:
    (version,) = _found(r'version="([^"]+)"', "BUILD")
    heading = re.search(r"^## (.*)$", (BUILD_ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading
    released = rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)"
    assert re.fullmatch(rf"Not released|{released}", heading[1])
