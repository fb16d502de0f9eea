import pytest

from lading.registry.auth.credential import helper_key, keys_of, normalised


@pytest.mark.parametrize(
    "key, plain",
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("http://GHCR.io/", "ghcr.io"),
        ("ghcr.io:443", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("a.example:5000", "a.example:5000"),
        ("a.example/ns/repo", "a.example/ns/repo"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("docker.io/library", "docker.io/library"),
    ],
)
def test_spellings(key: str, plain: str) -> None:
    assert normalised(key) == plain


def test_ggcr_2411_the_most_exact_key_is_the_best() -> None:
    assert keys_of("a.example:5000", "ns/repo") == (
        "a.example:5000/ns/repo",
        "a.example:5000/ns",
        "a.example:5000",
    )


def test_ggcr_280_helpers_know_docker_hub_by_its_old_address() -> None:
    assert helper_key("docker.io") == "https://index.docker.io/v1/"
    assert helper_key("a.example:5000") == "a.example:5000"
