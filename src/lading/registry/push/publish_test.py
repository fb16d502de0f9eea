"""Publishes images to several repositories."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import pytest

from lading.network.retries import Patience
from lading.registry.auth.credentials import CredentialSource
from lading.registry.push.publish import Registries, publish
from lading.registry.push.publish_request import ImageToPublish
from lading.registry.push.publish_result import PublishedImage, PublishResult
from lading.registry.push.pushed_layers import PushedLayers
from lading.registry.push.writable_registry_testing import Fault, WritableRegistry
from lading.registry.registry_testing import OCI_MANIFEST, config, manifest, sha256
from lading.runtime.machine import Machine
from lading.values.json_codec import to_json

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
        self.pushed = PushedLayers(str(directory / "pushed"))

    def image(
        self, name: str, *repositories: str, tags: Sequence[str] = ("1.0",), **fields: Any
    ) -> ImageToPublish:
        """One that is published to `repositories`, given without the host."""
        return self.image_of(
            name, [SHARED, f"the layer of {name}".encode()], *repositories, tags=tags, **fields
        )

    def image_of(
        self, name: str, layers: Sequence[bytes], *repositories: str, **fields: Any
    ) -> ImageToPublish:
        config_bytes = config(len(layers), of=name)
        content = manifest(config_bytes, layers, mediaType=OCI_MANIFEST)
        return ImageToPublish(
            f"//images:{name}",
            self.file(content),
            self.file(config_bytes),
            tuple(map(self.file, layers)),
            tuple(f"{self.registry.host}/{one}" for one in repositories),
            **fields,
        )

    def file(self, content: bytes) -> str:
        path = self.directory / sha256(content).hex
        path.write_bytes(content)
        return str(path)

    def __call__(self, image: ImageToPublish) -> PublishResult:
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
        return publish(image, registries)

    def one(self, image: ImageToPublish) -> PublishedImage:
        (published,) = self(image).destinations
        return published


@pytest.fixture
def publishing(registry: WritableRegistry, tmp_path: Path) -> Publishing:
    return Publishing(registry, tmp_path)


def outcomes(*results: PublishedImage) -> List[Dict[str, int]]:
    return [{name: count for name, count in one.blobs.items() if count} for one in results]


def digest_of(image: ImageToPublish) -> str:
    return str(image.files().digest)


def test_all_there_is_and_the_tags_last(registry: WritableRegistry, publishing: Publishing) -> None:
    image = publishing.image("a", "app", tags=("1.0", "latest"))
    digest, host = digest_of(image), registry.host
    result = publishing(image)
    assert registry.tags == {("app", "1.0"): digest, ("app", "latest"): digest}
    assert registry.manifests["app", digest] == (OCI_MANIFEST, Path(image.manifest).read_bytes())
    paths = [one.path for one in registry.requests if one.method == "PUT"]
    assert ["uploads" in one for one in paths] == [True] * 3 + [False] * 3
    assert [one.rpartition("/")[2] for one in paths[3:]] == [digest, "1.0", "latest"]
    assert json.loads(to_json(result)) == {
        "version": 1,
        "image": "//images:a",
        "digest": digest,
        "tags": ["1.0", "latest"],
        "destinations": [
            {
                "repository": f"{host}/app",
                "moved_tags": ["1.0", "latest"],
                "names": [f"{host}/app:1.0@{digest}", f"{host}/app:latest@{digest}"],
                "blobs": {"pushed": 3, "mounted": 0, "present": 0},
                "bytes": {
                    "pushed": 200_000 + 14 + len(config(2, of="a")),
                    "mounted": 0,
                    "present": 0,
                },
                "requests": len(registry.requests),
                "token_requests": 0,
                "error": None,
            }
        ],
    }
    assert publishing.reports[-1] == (
        f"{host}/app@{digest} as 1.0, latest: blobs 3 pushed (200 kB)"
    )


def test_an_unchanged_image_is_a_request_for_each_tag(
    registry: WritableRegistry, publishing: Publishing
) -> None:
    image = publishing.image("b", "app", "other", tags=("2.0", "latest"))
    publishing(image)
    results = publishing(image).destinations
    assert [one.requests for one in results] == [2, 2]
    assert {one.method for one in registry.requests} == {"HEAD"}
    assert outcomes(*results) == [{}, {}]
    assert publishing.reports == [
        f"{registry.host}/{name}@{digest_of(image)} as 2.0, latest: unchanged"
        for name in ("app", "other")
    ]


def test_where_a_token_is_wanted_it_is_two_and_a_token(
    registry: WritableRegistry, publishing: Publishing
) -> None:
    registry.token_uses = 1000
    image = publishing.image("a", "app")
    publishing(image)
    result = publishing.one(image)
    assert (result.requests, result.token_requests) == (2, 1)


def test_without_tags_it_is_known_by_its_digest(
    registry: WritableRegistry, publishing: Publishing
) -> None:
    image = publishing.image("a", "app", tags=())
    names = (f"{registry.host}/app@{digest_of(image)}",)
    assert (publishing.one(image).names, registry.tags) == (names, {})
    assert ("app", digest_of(image)) in registry.manifests
    result = publishing.one(image)
    assert (result.requests, result.names) == (1, names)


@pytest.mark.parametrize("tags", [("1.0", "1.1"), ("1.1",)])
def test_a_new_tag_of_what_is_there_asks_for_no_blob(
    registry: WritableRegistry, publishing: Publishing, tags: Tuple[str, ...]
) -> None:
    image = publishing.image("a", "app")
    publishing(image)
    result = publishing.one(replace(image, tags=tags))
    digest = digest_of(image)
    assert (registry.tags["app", "1.1"], result.moved_tags) == (digest, ("1.1",))
    assert [one.method for one in registry.requests] == ["HEAD", "HEAD", "PUT"]
    assert publishing.reports == [f"{registry.host}/app@{digest} as {', '.join(tags)}: tags set"]


class TestSharing:
    def test_what_one_repository_has_the_next_mounts(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        registry.token_uses = 1000
        results = publishing(publishing.image("a", *(f"app{number}" for number in range(5))))
        assert outcomes(*results.destinations) == [{"pushed": 3}] + [{"mounted": 3}] * 4
        assert sum(one.size for one in registry.sent("PUT", "uploads")) < 2 * len(SHARED)
        own = "repository:app4:pull,push"
        assert [own, "repository:app0:pull"] in registry.token_scopes

    def test_the_next_process_mounts_it_too(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        for number in range(3):
            result = publishing.one(publishing.image(str(number), f"app{number}"))
        assert outcomes(result) == [{"pushed": 2, "mounted": 1}]
        (post,) = [one for one in registry.sent("POST", "uploads") if "mount" in one.query]
        assert post.query["from"] == ["app0"]

    def test_what_was_deleted_meanwhile_is_uploaded_and_mounted_from_there(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        publishing(publishing.image("0", "app0"))
        del registry.blobs["app0", str(sha256(SHARED))]
        for number, expected in ((1, {"pushed": 3}), (2, {"pushed": 2, "mounted": 1})):
            result = publishing.one(publishing.image(str(number), f"app{number}"))
            assert outcomes(result) == [expected]

    def test_a_layer_of_the_base_is_mounted_from_its_repository(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        registry.put_blob("base", SHARED)
        image = publishing.image("a", "app", origin=f"{registry.host}/base", pulled_layers=1)
        assert outcomes(publishing.one(image)) == [{"pushed": 2, "mounted": 1}]

    def test_ggcr_219_a_base_from_another_registry_is_not(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        image = publishing.image("a", "app", origin="docker.io/library/debian", pulled_layers=1)
        assert outcomes(publishing.one(image)) == [{"pushed": 3}]
        assert not any("mount" in one.query for one in registry.requests)

    def test_a_token_names_few_other_repositories(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        registry.token_uses = 1000
        layers = [b"layer %d" % number for number in range(30)]
        for number, layer in enumerate(layers):
            publishing(publishing.image_of("base", [layer], f"base{number}", tags=()))
        registry.token_scopes.clear()
        result = publishing.one(publishing.image_of("a", layers, "app", tags=("1.0",)))
        assert outcomes(result) == [{"mounted": 10, "pushed": 21}]
        assert [len(one) for one in registry.token_scopes] == [11]


class TestFailure:
    def test_of_one_does_not_hinder_the_others(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        image = publishing.image("a", "app", "broken", "other")
        registry.faults = [Fault("POST", "/broken/", status=403, error="DENIED")] * 9
        good, broken, other = publishing(image).destinations
        assert (good.error, other.error) == (None, None)
        assert broken.error is not None
        assert f"{registry.host}/broken could not be pushed" in broken.error
        assert broken.names == ()
        assert registry.tags["other", "1.0"] == digest_of(image)
        assert f"{registry.host}/broken@{digest_of(image)} as 1.0: failed" in publishing.reports

    def test_of_the_first_leaves_the_next_to_upload(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        registry.faults = [Fault("POST", "/broken/", status=403, error="DENIED")] * 9
        results = publishing(publishing.image("a", "broken", "app", "other")).destinations
        assert outcomes(*results) == [{}, {"pushed": 3}, {"pushed": 3}]

    def test_of_a_layer_leaves_the_manifest_out(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        image = publishing.image("a", "app")
        registry.faults = [Fault("PUT", "uploads", status=403)]
        assert publishing.one(image).error is not None
        assert registry.sent("PUT", "manifests") == []
        # What arrived stays.
        assert outcomes(publishing.one(image))[0].keys() == {"pushed", "present"}
        assert ("app", "1.0") in registry.tags

    def test_to_ask_is_one(self, registry: WritableRegistry, publishing: Publishing) -> None:
        image = publishing.image("a", "app")
        registry.faults = [Fault(one, "manifests", status=503) for one in ("HEAD", "GET") * 5]
        result = publishing.one(image)
        assert result.error is not None and "503" in result.error
        assert {one.method for one in registry.requests} == {"HEAD", "GET"}

    def test_of_a_tag_is_one_even_if_the_image_is_there(
        self, registry: WritableRegistry, publishing: Publishing
    ) -> None:
        publishing(publishing.image("a", "app"))
        registry.is_immutable = True
        result = publishing.one(publishing.image("b", "app"))
        assert result.error is not None and "is not to be moved" in result.error
