from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.addresses import Address
from pants.engine.fs import Digest, DigestContents
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner

from lading.fetch.faulty_server_testing import FaultyServer
from lading.image.platform import Platform
from lading.registry.registry_testing import RegistryServer, config, sha256
from lading_pants.targets.base_image import BaseImageTarget
from lading_pants.util_rules import (
    machine,
    pinned_image,
    platform,
    program,
    pulled_image,
    registry_machine,
)
from lading_pants.util_rules.pulled_image import (
    PulledBlob,
    PulledBlobRequest,
    PulledImage,
    PulledImageRequest,
)

LAYERS = (b"one" * 1000, b"two" * 500_000)
ADDRESS = Address("bases", target_name="app")


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with FaultyServer() as server:
        yield RegistryServer(server)


@pytest.fixture
def rule_runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[
            *pinned_image.rules(),
            *machine.rules(),
            *platform.rules(),
            *program.rules(),
            *pulled_image.rules(),
            *registry_machine.rules(),
            *PythonRepos.rules(),
            QueryRule(DigestContents, [Digest]),
            QueryRule(PulledBlob, [PulledBlobRequest]),
            QueryRule(PulledImage, [PulledImageRequest]),
        ],
        target_types=[BaseImageTarget],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


def test_manifest_and_config_are_pulled_and_no_layer(
    rule_runner: RuleRunner, registry: RegistryServer
) -> None:
    content = registry.image(LAYERS)
    digest = sha256(content)
    rule_runner.write_files(
        {
            "bases/BUILD": f"base_image(name='app', image='{registry.name}:1', digest='{digest}', platform='linux/amd64')"
        }
    )
    image = rule_runner.request(PulledImage, [PulledImageRequest(ADDRESS)])
    assert image.digest == digest
    assert image.subject == "`base_image` bases:app"
    assert image.platform == Platform("linux", "amd64")
    assert image.config.encode() == config(2)
    assert [layer.digest for layer in image.manifest.layers] == [sha256(one) for one in LAYERS]
    assert len(registry.server.requests) == 2
    blob = rule_runner.request(PulledBlob, [PulledBlobRequest(image, image.manifest.layers[1])])
    (file,) = rule_runner.request(DigestContents, [blob.digest])
    assert (file.path, file.content) == ("blob", LAYERS[1])
    assert len(registry.server.requests) == 3
