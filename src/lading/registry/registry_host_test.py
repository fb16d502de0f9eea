import pytest

from lading.registry.registry_host import parse_insecure_hosts
from lading.values.errors import LadingError


def test_hosts_are_compared_in_lower_case() -> None:
    hosts = ["Registry.example", "registry:5000", "10.0.0.1", "[::1]:5000"]
    assert parse_insecure_hosts(hosts) == tuple(host.lower() for host in hosts)


@pytest.mark.parametrize(
    "host", ["", "http://a.example", "a.example/", "a.example:port", "-a", "::1"]
)
def test_what_is_no_host(host: str) -> None:
    sentence = (
        rf"^`\[lading\].insecure_registries` has '{host}', which is not the host of a registry. "
        "Write it as in names of images, such as `docker.io` or `registry.example:5000`.$"
    )
    with pytest.raises(LadingError, match=sentence):
        parse_insecure_hosts([host])


def test_a_password_is_not_shown() -> None:
    with pytest.raises(LadingError) as raised:
        parse_insecure_hosts(["me:s3cret@a.example"])
    assert "has '...@a.example', which is not the host" in str(raised.value)
