import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.registry.auth.credential import IdentityToken, Password, RegistryToken
from lading.registry.auth.docker_config import DockerConfig, config_paths
from lading.values.errors import LadingError


def parse(fields: Any) -> DockerConfig:
    return DockerConfig.parse("config.json", json.dumps(fields).encode())


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "entry, credential",
    [
        ({"auth": auth("me:secret")}, Password("me", "secret")),
        # rules_oci#314
        ({"auth": auth("me:se:cr:et")}, Password("me", "se:cr:et")),
        ({"auth": auth("me:secret\0\0")}, Password("me", "secret")),
        ({"auth": auth("mé:secrét")}, Password("mé", "secrét")),
        ({"username": "me", "password": "a:b"}, Password("me", "a:b")),
        ({"auth": auth("<token>:abc")}, IdentityToken("<token>", "abc")),
        ({"auth": auth("me:"), "identitytoken": "abc"}, IdentityToken("me", "abc")),
        ({"registrytoken": "abc"}, RegistryToken("abc")),
        ({}, None),
        ({"auth": ""}, None),
        ({"auth": None, "email": "x"}, None),
        ({"auth": auth("me")}, None),
    ],
)
def test_entries_of_auths(entry: Any, credential: Any) -> None:
    assert parse({"auths": {"https://a.example": entry}}).auths.get("a.example") == credential


def test_secrets_are_not_in_what_is_printed() -> None:
    entries = {
        "a": {"auth": auth("me:secret")},
        "b": {"identitytoken": "secret"},
        "c": {"registrytoken": "secret"},
    }
    assert "secret" not in repr(parse({"auths": entries}))


def test_helpers_and_store() -> None:
    config = parse({"credHelpers": {"https://a.example/": "x", "b": ""}, "credsStore": "y"})
    assert (config.helpers, config.store) == ({"a.example": "x"}, "y")
    assert parse({"credHelpers": None, "credsStore": ""}) == DockerConfig("config.json")
    assert DockerConfig.parse("config.json", b"") == DockerConfig("config.json")


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it holds no JSON object"),
        (b'{"auths": [1]}', "`auths` is not an object"),
        (b'{"auths": {}, "credHelpers": 3}', "`credHelpers` is not an object"),
        (b'{"credHelpers": {"a": 3}}', "the helper of 'a' in `credHelpers` is not a name"),
        (b'{"credsStore": {}}', "`credsStore` is not a name"),
        (b'{"auths": {"a": "b"}}', "the entry of 'a' in `auths` is not an object"),
        (
            b'{"auths": {"a": {"auth": 1}}}',
            "the entry of 'a' in `auths` has a value that is not text",
        ),
        (b'{"auths": {"a": {"auth": "%"}}}', "`auth` of 'a' is not base-64 of `user:password`"),
        (b'{"auths": {"a": {"auth": "/w=="}}}', "`auth` of 'a' is not base-64"),
    ],
)
def test_a_malformed_file_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(LadingError) as raised:
        DockerConfig.parse("/home/me/config.json", content)
    assert str(raised.value).startswith("The credentials in /home/me/config.json can't be used: ")
    assert reason in str(raised.value)


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    assert DockerConfig.load(str(tmp_path / "none")) is None
    with pytest.raises(LadingError, match=f"in {tmp_path} can't be read: Is a directory"):
        DockerConfig.load(str(tmp_path))


def test_files_in_their_order() -> None:
    podman = {"REGISTRY_AUTH_FILE": "/a.json", "XDG_RUNTIME_DIR": "/run/me"}
    assert config_paths({"HOME": "/home/me"}) == (
        "/home/me/.docker/config.json",
        "/home/me/.config/containers/auth.json",
    )
    assert config_paths({"HOME": "/home/me", "DOCKER_CONFIG": "/d", **podman}) == (
        "/d/config.json",
        "/a.json",
        "/run/me/containers/auth.json",
        "/home/me/.config/containers/auth.json",
    )
    assert config_paths({}) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(["auths", "credHelpers", "credsStore", "auth", "identitytoken", "a"])


@given(st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON))))
def test_any_file_is_read_or_refused(fields: Any) -> None:
    with suppress(LadingError):
        parse(fields)
