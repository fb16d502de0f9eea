from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Iterator

import pytest
from pants.engine.fs import (
    EMPTY_DIGEST,
    Digest,
    DigestContents,
    DigestSubset,
    FileContent,
    RemovePrefix,
)
from pants.engine.internals.native_engine import PyStubCAS
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import (
    EXECUTOR,
    MockGet,
    RuleRunner,
    engine_error,
    run_rule_with_mocks,
)

from lading.image.config.platform import Platform
from lading.image.reference import Repository
from lading.network.faulty_server_testing import FaultyServer
from lading.registry.descriptor import Descriptor
from lading.registry.manifest import ImageManifest
from lading.registry.reference import Reference
from lading.registry.registry_testing import RegistryServer, config, index, manifest, sha256
from lading_pants.base_image import pulled_image
from lading_pants.base_image.base_image_testing import (
    ADDRESS,
    SUBJECT,
    make_runner,
    write_base_image,
)
from lading_pants.base_image.pulled_image import (
    PulledBlob,
    PulledBlobRequest,
    PulledImage,
    PulledImageRequest,
    pull_blob,
)
from lading_pants.engine.machine import NotedFiles, NotedFilesRequest
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.engine.registry_machine import RegistryMachine
from lading_pants.errors import TargetError

# Pants keeps the first in its database, and the second as a file.
LAYERS = (b"one" * 1000, b"two" * 500_000)


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with FaultyServer() as server:
        yield RegistryServer(server)


_QUERIES = (
    QueryRule(DigestContents, [Digest]),
    QueryRule(PulledBlob, [PulledBlobRequest]),
    QueryRule(PulledImage, [PulledImageRequest]),
)


@pytest.fixture
def rule_runner(tmp_path: Path) -> RuleRunner:
    return make_runner(tmp_path, _QUERIES)


def pull(rule_runner: RuleRunner) -> PulledImage:
    return rule_runner.request(PulledImage, [PulledImageRequest(ADDRESS)])


def pull_layer(rule_runner: RuleRunner, image: PulledImage, layer: int) -> bytes:
    request = PulledBlobRequest(image, image.manifest.layers[layer])
    blob = rule_runner.request(PulledBlob, [request])
    (file,) = rule_runner.request(DigestContents, [blob.digest])
    assert file.path == pulled_image.BLOB
    return file.content


def test_layers_are_pulled_when_they_are_asked_for(
    rule_runner: RuleRunner, registry: RegistryServer
) -> None:
    digest = sha256(registry.image(LAYERS))
    write_base_image(rule_runner, f"{registry.name}:1", digest=str(digest), platform="linux/amd64")
    image = pull(rule_runner)
    assert image.digest == digest
    assert (image.address, image.subject) == (ADDRESS, SUBJECT)
    assert image.repository == Repository.parse(registry.name)
    assert image.platform == Platform("linux", "amd64")
    assert image.config.encode() == config(2)
    assert [layer.digest for layer in image.manifest.layers] == [sha256(one) for one in LAYERS]
    paths = [
        registry.url("manifests", digest),
        registry.url("blobs", image.manifest.config.digest),
    ]
    assert [one.path for one in registry.server.requests] == paths
    assert pull_layer(rule_runner, image, 1) == LAYERS[1]
    paths.append(registry.url("blobs", sha256(LAYERS[1])))
    assert [one.path for one in registry.server.requests] == paths
    assert pull_layer(rule_runner, image, 0) == LAYERS[0]


def test_of_an_index_the_image_for_the_platform_is_pulled(
    rule_runner: RuleRunner, registry: RegistryServer
) -> None:
    content = registry.image(architecture="arm64")
    platform = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    digest = registry.manifest(index((content, platform)))
    write_base_image(rule_runner, f"{registry.name}@{digest}", platform="linux/arm64")
    image = pull(rule_runner)
    assert (image.digest, image.reference.digest) == (sha256(content), digest)
    # The config has no variant.
    assert image.platform == Platform("linux", "arm64", "v8")


def test_another_platform_is_refused(rule_runner: RuleRunner, registry: RegistryServer) -> None:
    digest = sha256(registry.image())
    write_base_image(rule_runner, f"{registry.name}@{digest}", platform="linux/s390x")
    sentence = (
        f"{SUBJECT}: {registry.name}@{digest} has no image for linux/s390x, only for linux/amd64. "
        "Name one of these as `platform`, or pin another image."
    )
    with engine_error(TargetError, contains=sentence):
        pull(rule_runner)


def test_what_is_not_there_is_told_with_the_target(
    rule_runner: RuleRunner, registry: RegistryServer
) -> None:
    content = manifest(config(1), [b"lost"])
    registry.blob(config(1))
    digest = sha256(content)
    write_base_image(rule_runner, f"{registry.name}@{digest}", platform="linux/amd64")
    sentence = f"{SUBJECT}: {registry.name}@{{}} could not be pulled. {registry.host}: HTTP status"
    with engine_error(TargetError, contains=sentence.format(digest)):
        pull(rule_runner)
    # A failed pull is tried again in the next run.
    registry.manifest(content)
    rule_runner.set_options([])
    image = pull(rule_runner)
    with engine_error(TargetError, contains=sentence.format(sha256(b"lost"))):
        pull_layer(rule_runner, image, 0)


def test_nothing_is_pulled_again(rule_runner: RuleRunner, registry: RegistryServer) -> None:
    """Not in the next run, not after changes of the machine, and not for another name of the same
    image."""
    digest = str(sha256(registry.image(LAYERS)))
    write_base_image(rule_runner, f"{registry.name}:1", digest=digest, platform="linux/amd64")
    pull_layer(rule_runner, pull(rule_runner), 1)
    asked = len(registry.server.requests)

    rule_runner.set_options([])
    pull_layer(rule_runner, pull(rule_runner), 1)
    assert "local_cache_requests" not in rule_runner.scheduler.get_metrics()

    mirrors = "--lading-registry-mirrors={'docker.io': 'mirror.example'}"
    rule_runner.set_options([mirrors], env={"PATH": "/elsewhere/bin", "HOME": "/home/you"})
    pull_layer(rule_runner, pull(rule_runner), 1)
    assert rule_runner.scheduler.get_metrics()["local_cache_requests_cached"] == 2

    write_base_image(rule_runner, "127.0.0.1:1/gone", digest=digest, platform="linux/amd64")
    image = pull(rule_runner)
    assert image.repository.registry == "127.0.0.1:1"
    assert pull_layer(rule_runner, image, 1) == LAYERS[1]
    assert len(registry.server.requests) == asked


def test_one_machine_pulls_for_all(registry: RegistryServer, tmp_path: Path) -> None:
    """Through a remote cache, even for a machine that has the image under another name."""
    cas = PyStubCAS.builder().build(EXECUTOR)
    address = cas.address.replace("http://", "grpc://")
    remote = ("--remote-cache-read", "--remote-cache-write", f"--remote-store-address={address}")
    digest = str(sha256(registry.image(LAYERS)))
    for machine, name in (("mine", registry.name), ("yours", "127.0.0.1:1/app")):
        rule_runner = make_runner(tmp_path / machine, _QUERIES, remote)
        rule_runner.set_options([], env={"HOME": f"/home/{machine}"})
        write_base_image(rule_runner, name, digest=digest, platform="linux/amd64")
        image = pull(rule_runner)
        assert [pull_layer(rule_runner, image, number) for number in (0, 1)] == list(LAYERS)
        rule_runner.scheduler.wait_for_tail_tasks(10)
    assert len(registry.server.requests) == 4


def program_of(name: str, machine: str) -> ProgramRequest:
    """The program that pulls the second layer of an image on a machine."""
    layers = tuple(Descriptor("", sha256(content), 29_100_000) for content in (b"1", b"2"))
    image = PulledImage(
        address=ADDRESS,
        subject=SUBJECT,
        reference=Reference.parse(name),
        digest=sha256(b""),
        manifest=ImageManifest(layers[0], layers),
        config="{}",
        platform=Platform("linux", "amd64"),
    )
    programs: list[ProgramRequest] = []

    def run(request: ProgramRequest) -> ProgramResult:
        programs.append(request)
        return ProgramResult(EMPTY_DIGEST, "")

    mocks: list[MockGet[Any]] = [
        MockGet(NotedFiles, (NotedFilesRequest,), lambda one: NotedFiles(str(one.files))),
        MockGet(ProgramResult, (ProgramRequest,), run),
        MockGet(Digest, (DigestSubset,), lambda _: EMPTY_DIGEST),
        MockGet(DigestContents, (DigestSubset,), lambda _: DigestContents([FileContent("", b"")])),
        MockGet(Digest, (RemovePrefix,), lambda _: EMPTY_DIGEST),
    ]
    arguments = [PulledBlobRequest(image, layers[1]), RegistryMachine(machine)]
    run_rule_with_mocks(pull_blob, rule_args=arguments, mock_gets=mocks)
    return programs[0]


def test_repository_and_machine_are_no_part_of_the_cache_key() -> None:
    """Caches and descriptions are not part of it (`program_test.py`)."""
    one = program_of("debian:bookworm-slim", "machine_a")
    other = program_of("registry.example:5000/team/app@" + str(sha256(b"")), "machine_b")
    assert (one.machine, other.machine) == (
        RegistryMachine("machine_a"),
        RegistryMachine("machine_b"),
    )
    assert one.append_only_caches != other.append_only_caches
    assert one.description == "Pulling layer 2 of 2 of debian:bookworm-slim (29.1 MB)"
    assert one == dataclasses.replace(
        other,
        machine=one.machine,
        append_only_caches=one.append_only_caches,
        description=one.description,
    )
    assert json.loads(one.request or "") == {"digest": str(sha256(b"2")), "size": 29_100_000}
    assert one.arguments == ("pulled",)


@pytest.mark.parametrize(
    "count, text", [(32, "0.0 kB"), (1234, "1.2 kB"), (50_000, "0.1 MB"), (29_130_000, "29.1 MB")]
)
def test_the_size_of_a_layer_is_told_for_people(count: int, text: str) -> None:
    assert pulled_image._size(count) == text
