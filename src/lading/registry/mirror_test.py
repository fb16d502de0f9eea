from typing import Any

import pytest

from lading.registry.mirror import Mirror, parse_mirrors
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "text, mirror",
    [
        ("mirror.example", Mirror("", "mirror.example", "")),
        ("https://Mirror.example:5000/", Mirror("https", "mirror.example:5000", "")),
        ("http://10.0.0.1/a/b", Mirror("http", "10.0.0.1", "a/b")),
        ("[::1]:5000/hub/", Mirror("", "[::1]:5000", "hub")),
        ("registry:5000", Mirror("", "registry:5000", "")),
    ],
)
def test_an_address(text: str, mirror: Mirror) -> None:
    assert Mirror.parse(text, "docker.io") == mirror


@pytest.mark.parametrize(
    "text",
    ["", "ftp://a", "https://me:secret@a", "a/b?c", "a//b", "a b", "https://", "-a", "a:b"],
)
def test_what_is_no_address(text: str) -> None:
    sentence = r"^`\[lading\].registry_mirrors` has .*, which is not (an address|the host)"
    with pytest.raises(LadingError, match=sentence):
        Mirror.parse(text, "docker.io")


def test_one_mirror_or_several_of_each_registry() -> None:
    option = {"ghcr.io": "mirror.example", "docker.io": ["a.example", "b.example/hub"]}
    assert parse_mirrors(option) == {
        "docker.io": ("a.example", "b.example/hub"),
        "ghcr.io": ("mirror.example",),
    }
    assert parse_mirrors({}) == {}


def test_registries_go_by_their_names_in_names_of_images() -> None:
    option = {"index.docker.io": "a.example", "GHCR.io": "b.example", "docker.io": "c.example"}
    mirrors = {"docker.io": ("c.example", "a.example"), "ghcr.io": ("b.example",)}
    assert parse_mirrors(option) == mirrors
    assert parse_mirrors({"localhost": "a.example"}) == {"localhost": ("a.example",)}


@pytest.mark.parametrize(
    "option, reason",
    [
        ({"https://docker.io": "a"}, "has 'https://docker.io', which is not the host"),
        ({"docker.io/library": "a"}, "has 'docker.io/library', which is not the host"),
        ({"hub": "a"}, "has 'hub', which is not a registry as it appears in image names"),
        ({"docker.io": 5}, "has 5 for docker.io. Write an address"),
        ({"docker.io": ["a", 5]}, r"has \['a', 5\] for docker.io. Write an address"),
        ({"docker.io": {"a": "b"}}, "has {'a': 'b'} for docker.io. Write an address"),
        ({"docker.io": ["a", "b c"]}, "has 'b c' for docker.io, which is not an address"),
    ],
)
def test_what_the_option_may_not_be(option: Any, reason: str) -> None:
    with pytest.raises(LadingError, match=rf"^`\[lading\].registry_mirrors` {reason}"):
        parse_mirrors(option)
