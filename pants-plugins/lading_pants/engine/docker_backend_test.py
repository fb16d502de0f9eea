from __future__ import annotations

import pytest
from pants.backend.docker.goals.package_image import DockerPackageFieldSet
from pants.core.goals.package import PackageFieldSet
from pants.engine.addresses import Address
from pants.engine.unions import UnionRule
from pants.testutil.rule_runner import RuleRunner

from lading_pants.engine import docker_backend
from lading_pants.image.fields.docker_image import DockerImageTarget

IMAGE = Address("images", target_name="redis")
BUILD = {"images/BUILD": 'docker_image(name="redis")'}


def test_nothing_happens_without_the_docker_backend() -> None:
    runner = RuleRunner(rules=docker_backend.rules(), target_types=[DockerImageTarget])
    runner.write_files(BUILD)
    assert isinstance(runner.get_target(IMAGE), DockerImageTarget)


def test_both_backends_at_once_are_refused() -> None:
    runner = RuleRunner(
        rules=[*docker_backend.rules(), UnionRule(PackageFieldSet, DockerPackageFieldSet)],
        target_types=[DockerImageTarget],
    )
    runner.write_files(BUILD)
    with pytest.raises(Exception, match="both define the target `docker_image`"):
        runner.get_target(IMAGE)
