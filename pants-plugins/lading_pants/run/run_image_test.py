"""What `./pants run` plans for an image. End-to-end tests do it."""

from __future__ import annotations

import json

import pytest
from pants.core.goals.run import RunRequest
from pants.core.target_types import FileTarget
from pants.engine.addresses import Address
from pants.engine.fs import DigestContents
from pants.testutil.rule_runner import QueryRule, RuleRunner

from lading.engines.container_engine import Engine
from lading.run.loadable_image import ImageRunRequest
from lading.values.json_codec import from_json
from lading_pants.base_image.base_image import BaseImageTarget
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_rules_testing import IMAGE_RULES, package_targets
from lading_pants.run import run_image
from lading_pants.run.run_image import RunImageFieldSet
from lading_pants.store.store_package_target import StorePackageTarget

BUILD = """
docker_image(name="base", contents=["//3rdparty:coreutils"])
docker_image(name="redis", base=":base", contents=["//3rdparty:redis"], image_tags=["1", "2"])
"""


@pytest.fixture(scope="module")
def runner() -> RuleRunner:
    return RuleRunner(
        rules=[*IMAGE_RULES, *run_image.rules(), QueryRule(RunRequest, [RunImageFieldSet])],
        target_types=[BaseImageTarget, DockerImageTarget, FileTarget, StorePackageTarget],
        isolated_local_store=True,
    )


@pytest.mark.parametrize(
    "options, engine",
    [
        ((), Engine.AUTO),
        (("--lading-container-engine=podman",), Engine.PODMAN),
        (("--lading-container-engine=none",), Engine.NONE),
        (("--no-run-daemon",), Engine.NONE),
        (("--no-daemon", "--lading-container-engine=docker"), Engine.NONE),
    ],
)
def test_the_program_gets_all_that_it_needs(
    options: tuple[str, ...], engine: Engine, runner: RuleRunner
) -> None:
    options = (*options, "--lading-container-options=['--network=host', '--init']")
    runner.set_options(options, env_inherit={"PATH", "HOME"})
    runner.write_files({"3rdparty/BUILD": package_targets(), "images/BUILD": BUILD})
    target = runner.get_target(Address("images", target_name="redis"))
    run = runner.request(RunRequest, [RunImageFieldSet.create(target)])
    *_, sandbox, module, again, request_file, given = run.args
    assert json.loads(given) == ["--network=host", "--init"]
    assert (sandbox, again, module) == ("{chroot}", "{chroot}", "lading.run.run_main")
    files = {file.path: file.content for file in runner.request(DigestContents, [run.digest])}
    request = from_json(ImageRunRequest, files[request_file].decode())
    assert request.engine == engine
    assert not [path for path, content in files.items() if b"--network=host" in content]
    assert request.tags == ("redis:1", "redis:2")
    assert len(request.layers) == 4
    places = [place for layer in request.layers for place in (layer.blob, layer.description)]
    assert {request.config, request.manifest, *places} <= set(files)
    assert "lading/run/run_main.py" in files
