from typing import Optional

import pytest

from lading.files.links import MAX_LINKS, follow

LINKS = {
    "bin": "usr/bin",
    "usr/bin/X11": ".",
    "up": "../../usr",
    "loop": "loop",
    "one": "two/../one",
    "root": "/",
    "to-file": "/etc/file",
    **{f"chain{number}": f"chain{number + 1}" for number in range(1, MAX_LINKS + 1)},
    "wide": "a/../" * 500,
}


@pytest.mark.parametrize(
    "path, place",
    [
        ("", ""),
        ("x/y", "x/y"),
        ("bin", "bin"),
        ("bin/.", "usr/bin"),
        ("bin/", "usr/bin"),
        ("bin/X11/X11/foo", "usr/bin/foo"),
        ("up/x", "usr/x"),
        ("root/bin/x", "usr/bin/x"),
        ("root/.", ""),
        ("to-file/x", "etc/file/x"),
        ("loop", "loop"),
        ("loop/x", None),
        ("one/x", None),
        ("chain2/x", f"chain{MAX_LINKS + 1}/x"),
        ("chain1/x", f"chain{MAX_LINKS + 1}/x"),
        ("bin/../x", "usr/x"),
        ("wide/x", None),
        ("a/" * 256 + "b", "a/" * 256 + "b"),
    ],
)
def test_links_are_followed(path: str, place: Optional[str]) -> None:
    assert follow(path, LINKS.get) == place


def test_more_links_than_the_kernel_follows() -> None:
    links = {**LINKS, "chain0": "chain1"}
    assert follow("chain0/x", links.get) is None
