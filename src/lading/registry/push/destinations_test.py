import pytest

from lading.registry.push.destinations import check_registry, destinations
from lading.values.errors import LadingError

ADDRESSES = {"prod": "registry.example:5000", "team": "hub.example/team"}


@pytest.mark.parametrize(
    "repository, registries, expected",
    [
        ("redis", [], ()),
        ("team/redis", [], ()),
        ("registry.example/redis", [], ("registry.example/redis",)),
        ("localhost:5000/redis", [], ("localhost:5000/redis",)),
        ("docker.io/team/redis", [], ("docker.io/team/redis",)),
        ("redis", ["registry.example"], ("registry.example/redis",)),
        (
            "redis",
            ["@prod", "@team", "registry.example:5000"],
            ("registry.example:5000/redis", "hub.example/team/redis"),
        ),
    ],
)
def test_where_an_image_goes(repository: str, registries: "list[str]", expected: object) -> None:
    assert destinations(repository, registries, ADDRESSES) == expected


@pytest.mark.parametrize(
    "repository, registries, reason",
    [
        ("registry.example/redis", ["@prod"], "which names a registry, but `registries` is set"),
        ("redis", ["@other"], "does not have 'other', only @prod, @team. Add it there"),
        ("redis", ["registry.example/UP"], "upper-case letters"),
    ],
)
def test_what_is_refused(repository: str, registries: "list[str]", reason: str) -> None:
    with pytest.raises(LadingError) as error:
        destinations(repository, registries, ADDRESSES)
    assert reason in str(error.value)


@pytest.mark.parametrize("text", ["", "@", "a b", "https://registry.example", "user@host", "h:/x"])
def test_what_is_no_registry(text: str) -> None:
    with pytest.raises(LadingError, match="which is not a registry"):
        check_registry(text)


@pytest.mark.parametrize("text", ["@prod", "registry.example", "localhost:5000", "h.example/a/b"])
def test_what_is_a_registry(text: str) -> None:
    check_registry(text)
