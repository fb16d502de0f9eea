import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.image.config.go_json import MalformedError
from lading.image.config.platform import Platform
from lading.registry.manifest import ImageIndex, ImageManifest, parse_manifest
from lading.registry.registry_testing import (
    OCI_CONFIG,
    config,
    descriptor,
    encoded,
    index,
    manifest,
    sha256,
)

DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"

GOOD = descriptor(b"x")


@pytest.mark.parametrize(
    "others",
    [
        # rules_oci#496, #839, #868; rules_img#186: its fields say what it is
        {},
        {"mediaType": ""},
        {"mediaType": DOCKER_MANIFEST},
        {"mediaType": DOCKER_LIST},
        {"mediaType": None, "annotations": None},
    ],
)
def test_an_image_manifest_whatever_its_media_type(others: Any) -> None:
    parsed = parse_manifest(manifest(b"{}", [b"lower", b"upper"], **others))
    assert isinstance(parsed, ImageManifest)
    assert (parsed.config.media_type, parsed.config.size) == (OCI_CONFIG, 2)
    assert [layer.digest for layer in parsed.layers] == [sha256(b"lower"), sha256(b"upper")]


def test_moby_49141_a_manifest_without_layers() -> None:
    for content in (manifest(b"{}", []), encoded({"config": GOOD, "layers": None})):
        parsed = parse_manifest(content)
        assert isinstance(parsed, ImageManifest) and parsed.layers == ()


@pytest.mark.parametrize("media_type", ["", DOCKER_LIST, DOCKER_MANIFEST])
def test_moby_45600_zot_2836_an_index_with_attestations(media_type: str) -> None:
    image = manifest(b"{}", [])
    unknown = {"os": "unknown", "architecture": "unknown"}
    arm = {"os": "linux", "architecture": "arm", "variant": "v7"}
    content = index((image, unknown), (image, arm), (image, None), mediaType=media_type)
    parsed = parse_manifest(content)
    assert isinstance(parsed, ImageIndex)
    assert [entry.platform for entry in parsed.entries] == [Platform("linux", "arm", "v7"), None]


def test_attestations_are_known_by_their_annotation_too() -> None:
    fields = json.loads(index((b"{}", None)))
    fields["manifests"][0]["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    assert parse_manifest(encoded(fields)) == ImageIndex(())


def test_foreign_layers_are_known() -> None:
    layers = [
        descriptor(b"", kind, urls=["https://a.example"]) for kind in (FOREIGN, NONDISTRIBUTABLE)
    ]
    parsed = parse_manifest(encoded({"config": GOOD, "layers": [*layers, GOOD]}))
    assert isinstance(parsed, ImageManifest)
    assert [layer.is_foreign for layer in parsed.layers] == [True, True, False]
    assert parsed.layers[0].urls == ("https://a.example",)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "it is not valid JSON"),
        (b"<html>", "it is not valid JSON"),
        (b"\xff\xfe{}", "it is not valid JSON"),
        (b'{"a":' * 100_000, "it is not valid JSON"),
        (b'{"a": NaN}', "it is not valid JSON"),
        (b'{"a": -Infinity}', "it is not valid JSON"),
        (b'{"a": 1e999}', "it is not valid JSON"),
        (b'{"a": ' + b"9" * 1_000_000 + b"}", "it is not valid JSON"),
        (b'{"a": "\\ud800"}', "it is not valid JSON"),
        (b'{"\\udfff": 1}', "it is not valid JSON"),
        (b"[]", "it is not a JSON object"),
        (b'{"x": ' + b"[" * 100 + b"]" * 100 + b"}", "it is not valid JSON (nested more than 100"),
        (b"{}", "it has neither `manifests` nor `config` and `layers`"),
        (b'{"schemaVersion": 1, "layers": []}', "it is of schema 1, which has been obsolete"),
        (b'{"fsLayers": [], "history": []}', "it is of schema 1"),
        # CVE-2021-41190
        (manifest(b"{}", [], manifests=[]), "it is a manifest and an index at once"),
        (b'{"layers": [], "layers": null}', "it is not valid JSON (the key 'layers' twice"),
        (encoded({"schemaVersion": "2"}), "`schemaVersion` is '2', but must be an integer"),
        (manifest(b"{}", [], mediaType=3), "`mediaType` is 3, but must be a string"),
        (manifest(b"{}", [], Manifests=[]), "it is a manifest and an index at once"),
        (manifest(b"{}", [], Layers=[]), "`layers` occurs in two spellings"),
        (encoded({"manifests": {}}), "`manifests` is {}, but must be a list"),
        (encoded({"manifests": ["x"]}), "`manifests[0]` is 'x', but must be an object"),
        (encoded({"manifests": [{**GOOD, "platform": "x"}]}), "`manifests[0].platform` is 'x'"),
        (encoded({"layers": [], "config": None}), "it is missing its config"),
        (encoded({"layers": []}), "it is missing its config"),
        (encoded({"layers": "x", "config": GOOD}), "`layers` is 'x', but must be a list"),
        (encoded({"layers": [{}], "config": GOOD}), "its layer has the size None"),
        (encoded({"config": {**GOOD, "size": -1}}), "its config has the size -1"),
        (encoded({"config": {**GOOD, "size": True}}), "`config.size` is True, but must be an"),
        (
            encoded({"config": {**GOOD, "size": 1.5}}),
            "`config.size` is 1.5, but must be an integer",
        ),
        (encoded({"config": {**GOOD, "size": 1 << 63}}), "`config.size` is 92233720"),
        (encoded({"config": {**GOOD, "digest": "sha256:x"}}), "the digest 'sha256:x', which is"),
        (encoded({"config": {**GOOD, "digest": "sha512:" + "0" * 128}}), "not a SHA-256 digest"),
        (encoded({"config": {**GOOD, "digest": 3}}), "`config.digest` is 3, but must be a string"),
        (encoded({"config": {**GOOD, "digest": "sha256:../../etc/passwd"}}), "not a SHA-256"),
        pytest.param(
            b"{" + b",".join(b'"%d":0' % min(n, 199_998) for n in range(200_000)) + b"}",
            "the key '199998' twice in one object",
            id="the last of many keys",
        ),
    ],
)
def test_what_is_no_manifest(content: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=re.escape(reason)):
        parse_manifest(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def twisted(content: bytes) -> "st.SearchStrategy[bytes]":
    """`content` with one of its values replaced by any other."""
    paths = list(_paths(json.loads(content)))
    return st.builds(
        lambda path, value: encoded(_replaced(json.loads(content), path, value)),
        st.sampled_from(paths),
        JSON | st.just(GOOD) | st.just([GOOD]),
    )


def _paths(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (key,)
        if isinstance(inner, (dict, list)):
            yield from ((key, *rest) for rest in _paths(inner))


def _replaced(value: Any, path: Any, new: Any) -> Any:
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return value


MANIFEST = manifest(config(2), [b"1", b"2"], mediaType=DOCKER_MANIFEST)
INDEX = index((MANIFEST, {"os": "linux", "architecture": "arm64", "variant": "v8"}), (b"", None))


@given(
    twisted(MANIFEST)
    | twisted(INDEX)
    | st.binary(max_size=50)
    | JSON.map(encoded)
    | st.integers(0, len(INDEX)).map(lambda end: INDEX[:end])
)
def test_any_bytes_are_a_manifest_or_told_to_be_none(content: bytes) -> None:
    with suppress(MalformedError):
        parsed = parse_manifest(content)
        assert isinstance(parsed, (ImageManifest, ImageIndex))
