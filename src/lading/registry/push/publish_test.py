"""Publishes several images to several repositories."""

import json
import random
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import pytest

from lading.network.persistence import Patience
from lading.registry.auth.credentials import CredentialSource
from lading.registry.push.publish import Registries, publish
from lading.registry.push.publish_request import images_of_request
from lading.registry.push.publish_result import PublishResult
from lading.registry.push.pushed_layers import PushedLayers
from lading.registry.push.writable_registry_testing import Fault, WritableRegistry
from lading.registry.registry_testing import OCI_MANIFEST, config, manifest, sha256
from lading.runtime.machine import Machine

QUICK = Patience(connect=1, read=1, first_delay=0.001, longest_delay=0.01)
SHARED = random.Random(6).getrandbits(8 * 200_000).to_bytes(200_000, "big")


@pytest.fixture
def registry() -> Iterator[WritableRegistry]:
    with WritableRegistry() as registry:
        yield registry


class Publishing:
    """Images that have the layer `SHARED` and one of their own."""

    def __init__(self, registry: WritableRegistry, directory: Path) -> None:
        self.registry = registry
        self.directory = directory
        self.reports: List[str] = []
        self.images: List[Dict[str, Any]] = []
        self.manifests: List[bytes] = []
        self.pushed = PushedLayers(str(directory / "pushed"))

    def image(self, name: str, *repositories: str, **fields: Any) -> str:
        """The digest of an image that is published to `repositories`, given without the host."""
        own = f"the layer of {name}".encode()
        config_bytes = config(2, of=name)
        content = manifest(config_bytes, [SHARED, own], mediaType=OCI_MANIFEST)
        self.manifests.append(content)
        origin = fields.pop("origin", None)
        self.images.append(
            {
                "name": f"//images:{name}",
                "manifest": self.file(content),
                "config": self.file(config_bytes),
                "layers": [
                    {"path": self.file(SHARED), "origin": origin},
                    {"path": self.file(own)},
                ],
                "destinations": [
                    {"repository": f"{self.registry.host}/{one}", "tags": ["1.0"], **fields}
                    for one in repositories
                ],
            }
        )
        return str(sha256(content))

    def file(self, content: bytes) -> str:
        path = self.directory / sha256(content).hex
        path.write_bytes(content)
        return str(path)

    def __call__(self) -> Tuple[PublishResult, ...]:
        self.registry.requests.clear()
        self.reports.clear()
        registries = Registries(
            Machine({}),
            CredentialSource({}),
            self.reports.append,
            QUICK,
            self.pushed,
            "/nonexistent",
        )
        return publish(images_of_request(json.dumps({"images": self.images})), registries)


@pytest.fixture
def publishing(registry: WritableRegistry, tmp_path: Path) -> Publishing:
    return Publishing(registry, tmp_path)


def outcomes(results: Sequence[PublishResult]) -> List[Dict[str, int]]:
    return [
        {name: count for name, count in one.to_json()["blobs"].items() if count} for one in results
    ]


def test_all_there_is_and_the_tags_last(registry: WritableRegistry, publishing: Publishing) -> None:
    digest = publishing.image("a", "app", tags=["1.0", "latest"])
    (result,) = publishing()
    assert registry.tags == {("app", "1.0"): digest, ("app", "latest"): digest}
    assert registry.manifests["app", digest] == (OCI_MANIFEST, publishing.manifests[0])
    paths = [one.path for one in registry.requests if one.method == "PUT"]
    assert ["uploads" in one for one in paths] == [True] * 3 + [False] * 3
    assert [one.rpartition("/")[2] for one in paths[3:]] == [digest, "1.0", "latest"]
    host = registry.host
    assert result.to_json() == {
        "image": "//images:a",
        "repository": f"{host}/app",
        "digest": digest,
        "tags": ["1.0", "latest"],
        "moved_tags": ["1.0", "latest"],
        "names": [f"{host}/app:1.0@{digest}", f"{host}/app:latest@{digest}"],
        "blobs": {"pushed": 3, "mounted": 0, "present": 0},
        "bytes": {"pushed": 200_000 + 14 + len(config(2, of="a")), "mounted": 0, "present": 0},
        "requests": len(registry.requests),
        "token_requests": 0,
        "error": None,
    }
    assert publishing.reports[-1] == (
        f"{host}/app@{digest} as 1.0, latest: blobs 3 pushed (200 kB)"
    )


def test_an_unchanged_image_is_a_request_for_each_tag(
    registry: WritableRegistry, publishing: Publishing
) -> None:
    publishing.image("a", "app", "other")
    digest = publishing.image("b", "app", tags=["2.0", "latest"])
    publishing()
    results = publishing()
    assert [one.requests for one in results] == [1, 1, 2]
    assert {one.method for one in registry.requests} == {"HEAD"}
    assert outcomes(results) == [{}, {}, {}]
    assert publishing.reports[-1] == f"{registry.host}/app@{digest} as 2.0, latest: unchanged"


def test_where_a_token_is_wanted_it_is_two_and_a_token(
    registry: WritableRegistry, publishing: Publishing
) -> None:
    registry.token_uses = 1000
    publishing.image("a", "app")
    publishing()
    (result,) = publishing()
    assert (result.requests, result.token_requests) == (2, 1)


def test_without_tags_it_is_known_by_its_digest(
    registry: WritableRegistry, publishing: Publishing
) -> None:
    digest = publishing.image("a", "app", tags=[])
    (result,) = publishing()
    assert (registry.tags, result.names) == ({}, (f"{registry.host}/app@{digest}",))
    assert ("app", digest) in registry.manifests
    (result,) = publishing()
    assert (result.requests, result.names) == (1, (f"{registry.host}/app@{digest}",))


@pytest.mark.parametrize("is_known_by", ["another tag", "its digest"])
def test_a_new_tag_of_what_is_there_asks_for_no_blob(
    registry: WritableRegistry, publishing: Publishing, is_known_by: str
) -> None:
    digest = publishing.image("a", "app")
    publishing()
    publishing.images.clear()
    tags = ["1.0", "1.1"] if is_known_by == "another tag" else ["1.1"]
    publishing.image("a", "app", tags=tags)
    (result,) = publishing()
    assert (registry.tags["app", "1.1"], result.moved) == (digest, ("1.1",))
    assert [one.method for one in registry.requests] == ["HEAD", "HEAD", "PUT"]
    assert publishing.reports == [f"{registry.host}/app@{digest} as {', '.join(tags)}: tags set"]


class TestSharing:
    def test_a_shared_layer_is_uploaded_once_to_a_registry(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        registry.token_uses = 1000
        for number in range(5):
            publishing.image(str(number), f"app{number}")
        results = publishing()
        assert outcomes(results) == [{"pushed": 3}] + [{"pushed": 2, "mounted": 1}] * 4
        assert sum(one.size for one in registry.sent("PUT", "uploads")) < 2 * len(SHARED)
        own = "repository:app4:pull,push"
        assert [own, "repository:app0:pull"] in registry.token_scopes

    def test_the_next_process_mounts_it_too(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        for number in range(3):
            publishing.images.clear()
            publishing.image(str(number), f"app{number}")
            results = publishing()
        assert outcomes(results) == [{"pushed": 2, "mounted": 1}]
        (post,) = [one for one in registry.sent("POST", "uploads") if "mount" in one.query]
        assert post.query["from"] == ["app0"]

    def test_what_was_deleted_meanwhile_is_uploaded_and_mounted_from_there(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        publishing.image("0", "app0")
        publishing()
        del registry.blobs["app0", str(sha256(SHARED))]
        for number, expected in ((1, {"pushed": 3}), (2, {"pushed": 2, "mounted": 1})):
            publishing.images.clear()
            publishing.image(str(number), f"app{number}")
            assert outcomes(publishing()) == [expected]

    def test_a_layer_of_the_base_is_mounted_from_its_repository(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        registry.put_blob("base", SHARED)
        publishing.image("a", "app", origin=f"{registry.host}/base")
        assert outcomes(publishing()) == [{"pushed": 2, "mounted": 1}]

    def test_ggcr_219_a_base_from_another_registry_is_not(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        publishing.image("a", "app", origin="docker.io/library/debian")
        assert outcomes(publishing()) == [{"pushed": 3}]
        assert not any("mount" in one.query for one in registry.requests)

    def test_a_token_names_few_other_repositories(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        registry.token_uses = 1000
        image = publishing.image("a", "app")
        layers = [b"layer %d" % number for number in range(30)]
        content = manifest(config(30), layers, mediaType=OCI_MANIFEST)
        publishing.images[0]["manifest"] = publishing.file(content)
        publishing.images[0]["config"] = publishing.file(config(30))
        publishing.images[0]["layers"] = [
            {"path": publishing.file(layer), "origin": f"{registry.host}/base{number}"}
            for number, layer in enumerate(layers)
        ]
        assert str(sha256(content)) != image
        for number, layer in enumerate(layers):
            registry.put_blob(f"base{number}", layer)
        assert outcomes(publishing()) == [{"mounted": 10, "pushed": 21}]
        assert [len(one) for one in registry.token_scopes] == [11]


class TestFailure:
    def test_of_one_does_not_hinder_the_others(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        publishing.image("a", "app", "broken")
        digest = publishing.image("b", "other")
        registry.faults = [Fault("POST", "/broken/", status=403, error="DENIED")] * 9
        good, broken, other = publishing()
        assert (good.error, other.error) == (None, None)
        assert broken.error is not None
        assert f"{registry.host}/broken could not be pushed" in broken.error
        assert broken.to_json()["names"] == []
        assert registry.tags["other", "1.0"] == digest
        assert f"{registry.host}/broken@{broken.digest} as 1.0: failed" in publishing.reports

    def test_of_a_layer_leaves_the_manifest_out(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        publishing.image("a", "app")
        registry.faults = [Fault("PUT", "uploads", status=403)]
        (result,) = publishing()
        assert result.error is not None
        assert registry.sent("PUT", "manifests") == []
        # What arrived stays.
        assert outcomes(publishing())[0].keys() == {"pushed", "present"}
        assert ("app", "1.0") in registry.tags

    def test_to_ask_is_one(self, registry: WritableRegistry, publishing: Publishing) -> None:
        publishing.image("a", "app")
        registry.faults = [Fault(one, "manifests", status=503) for one in ("HEAD", "GET") * 5]
        (result,) = publishing()
        assert result.error is not None and "503" in result.error
        assert {one.method for one in registry.requests} == {"HEAD", "GET"}

    def test_of_a_tag_is_one_even_if_the_image_is_there(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        publishing.image("a", "app")
        publishing()
        registry.is_immutable = True
        publishing.images.clear()
        publishing.image("b", "app")
        (result,) = publishing()
        assert result.error is not None and "is not to be moved" in result.error
