import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.image.reference import ImageReference, Repository, parse_tag
from lading.values.errors import LadingError

COMPONENT = st.from_regex(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", fullmatch=True).filter(
    lambda text: len(text) < 50
)


@pytest.mark.parametrize(
    "name, registry, path, canonical",
    [
        ("redis", "docker.io", "redis", "docker.io/library/redis"),
        ("bitnami/redis", "docker.io", "bitnami/redis", "docker.io/bitnami/redis"),
        ("docker.io/redis", "docker.io", "redis", "docker.io/library/redis"),
        ("index.docker.io/redis", "docker.io", "redis", "docker.io/library/redis"),
        ("localhost/redis", "localhost", "redis", "localhost/redis"),
        ("localhost:5000/redis", "localhost:5000", "redis", "localhost:5000/redis"),
        ("ghcr.io/a/b/c", "ghcr.io", "a/b/c", "ghcr.io/a/b/c"),
        ("[::1]:5000/redis", "[::1]:5000", "redis", "[::1]:5000/redis"),
        ("a__b/c--d", "docker.io", "a__b/c--d", "docker.io/a__b/c--d"),
        # rules_img#663, rules_oci#215
        (
            "docker.mycompany.tld:1234/foo",
            "docker.mycompany.tld:1234",
            "foo",
            "docker.mycompany.tld:1234/foo",
        ),
    ],
)
def test_host_port_and_namespace(name: str, registry: str, path: str, canonical: str) -> None:
    repository = Repository.parse(name)
    assert (repository.registry, repository.path) == (registry, path)
    assert repository.canonical == canonical
    assert repository.name == name


def test_rules_img_716_a_reference_for_containerd_is_canonical() -> None:
    reference = ImageReference.parse("my-app", "latest")
    assert reference.canonical == "docker.io/library/my-app:latest"
    assert reference.name == "my-app:latest"


@pytest.mark.parametrize(
    "name, reason",
    [
        ("", "is empty"),
        ("a" * 256, "has 256 characters"),
        ("Redis", "Write `redis`"),  # rules_docker PR#1648
        ("MyOrg/Redis", "Write `myorg/redis`"),
        ("ghcr.io/MyOrg/redis", "Write `ghcr.io/myorg/redis`"),
        ("redis:7.0", "contains a tag. Write `redis` here and '7.0' in `image_tags`"),
        ("ghcr.io/redis:7.0", "Write `ghcr.io/redis` here"),
        ("redis/", "has the part ''"),
        ("/redis", "has the part ''"),
        ("re dis", "has the part 're dis'"),
        ("-redis", "has the part '-redis'"),
        ("redis..x", "has the part 'redis..x'"),
        ("a___b", "has the part 'a___b'"),
        ("redis\n", "has the part"),
        ("-x.io/redis", "begins with '-x.io', which is not a host name"),
        ("x.io:http/redis", "begins with 'x.io:http'"),
        ("0" * 64, "looks like an image id"),
    ],
)
def test_bad_repository(name: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        Repository.parse(name)
    assert reason in str(error.value)
    assert "`repository`" in str(error.value)


@pytest.mark.parametrize("tag", ["latest", "7.0.15", "_x", "A-b_c.d", "x" * 128])
def test_tag(tag: str) -> None:
    assert parse_tag(tag) == tag


@pytest.mark.parametrize(
    "tag", ["", ".x", "-x", "a b", "a/b", "a:b", "x" * 129, "x\n", "é"], ids=repr
)
def test_bad_tag(tag: str) -> None:
    with pytest.raises(LadingError, match=r"`image_tags` has .* which is not a tag"):
        parse_tag(tag)


@given(st.lists(COMPONENT, min_size=1, max_size=4))
def test_every_grammatical_path_is_accepted(components: "list[str]") -> None:
    repository = Repository.parse("localhost/" + "/".join(components))
    assert repository.path == "/".join(components)
    assert Repository.parse(repository.canonical).canonical == repository.canonical


@given(st.text(max_size=40))
def test_any_text_is_accepted_or_refused_with_a_sentence(text: str) -> None:
    try:
        repository = Repository.parse(text)
    except LadingError as error:
        assert "`repository`" in str(error)
    else:
        assert repository.canonical == repository.canonical.strip()
