from pathlib import Path
from typing import Mapping, Sequence

import pytest

from lading.image.reference import Repository
from lading.registry.place import places_of

NO_CERTIFICATES = "/nonexistent"


def urls(name: str, mirrors: Mapping[str, Sequence[str]], *insecure: str) -> Sequence[str]:
    places = places_of(Repository.parse(name), mirrors, insecure, NO_CERTIFICATES)
    assert [place.is_mirror for place in places] == [True] * (len(places) - 1) + [False]
    return [place.url("blobs", "x") for place in places]


@pytest.mark.parametrize(
    "name, url",
    [
        ("debian", "https://registry-1.docker.io/v2/library/debian/blobs/x"),
        ("docker.io/me/app", "https://registry-1.docker.io/v2/me/app/blobs/x"),
        ("ghcr.io/a/b", "https://ghcr.io/v2/a/b/blobs/x"),
        ("GHCR.io/a/b", "https://ghcr.io/v2/a/b/blobs/x"),
        ("localhost:5000/a", "http://localhost:5000/v2/a/blobs/x"),
        ("[::1]:5000/a", "http://[::1]:5000/v2/a/blobs/x"),
        ("plain.example/a", "http://plain.example/v2/a/blobs/x"),
        ("10.0.0.1:5000/a", "https://10.0.0.1:5000/v2/a/blobs/x"),
    ],
)
def test_where_the_api_of_a_registry_is(name: str, url: str) -> None:
    assert urls(name, {}, "plain.example") == [url]


def test_mirrors_go_before_the_registry_they_are_of() -> None:
    mirrors = {"docker.io": ["mirror.example", "http://10.0.0.1:5000/hub/", "localhost:5000"]}
    assert urls("debian", mirrors) == [
        "https://mirror.example/v2/library/debian/blobs/x",
        "http://10.0.0.1:5000/v2/hub/library/debian/blobs/x",
        "http://localhost:5000/v2/library/debian/blobs/x",
        "https://registry-1.docker.io/v2/library/debian/blobs/x",
    ]
    assert urls("ghcr.io/a/b", mirrors) == ["https://ghcr.io/v2/a/b/blobs/x"]


def test_http_of_a_mirror_is_allowed_to_that_mirror_only() -> None:
    mirrors = {"docker.io": ["http://a.example", "b.example"]}
    places = places_of(Repository.parse("debian"), mirrors, (), NO_CERTIFICATES)
    assert [set(place.insecure) for place in places] == [{"a.example"}, set(), set()]


def test_a_local_registry_with_a_certificate_speaks_tls(tmp_path: Path) -> None:
    (tmp_path / "localhost:5000").mkdir()
    (tmp_path / "localhost:5000/ca.crt").touch()
    place = places_of(Repository.parse("localhost:5000/a"), {}, (), str(tmp_path))[-1]
    assert place.scheme == "https"
