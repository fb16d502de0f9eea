from __future__ import annotations

import pytest
from pants.core.target_types import FileTarget
from pants.engine.addresses import Address
from pants.engine.rules import collect_rules
from pants.engine.target import InferredDependencies
from pants.testutil.rule_runner import QueryRule, RuleRunner

from lading_pants.engine import named_address
from lading_pants.image import image_references
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_references import (
    ImageFieldSet,
    ImageReferences,
    ImageReferencesRequest,
    InferImageDependencies,
)
from lading_pants.store.store_package_target import StorePackageTarget

REDIS = Address("3rdparty/redis")
APP = Address("3rdparty/app")
BASH = Address("3rdparty/bash")
LOCAL = Address("images", target_name="local")


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *image_references.rules(),
            *collect_rules(named_address),
            QueryRule(ImageReferences, [ImageReferencesRequest]),
            QueryRule(InferredDependencies, [InferImageDependencies]),
        ],
        target_types=[DockerImageTarget, FileTarget, StorePackageTarget],
    )


def field_set(runner: RuleRunner, fields: str) -> ImageFieldSet:
    runner.write_files(
        {
            "3rdparty/redis/BUILD": 'store_package(name="redis", version="7")',
            # The message must not be about a broken target.
            "broken/BUILD": 'store_package(name="broken", version=[])',
            "3rdparty/app/BUILD": 'file(source="x")',
            "3rdparty/bash/BUILD": 'store_package(name="bash", version="5")',
            "images/BUILD": (
                'store_package(name="local", version="1")\n' f'docker_image(name="redis", {fields})'
            ),
        }
    )
    return ImageFieldSet.create(runner.get_target(Address("images", target_name="redis")))


def find(runner: RuleRunner, fields: str) -> ImageReferences:
    return runner.request(ImageReferences, [ImageReferencesRequest(field_set(runner, fields))])


def test_packages_are_found_in_every_field(runner: RuleRunner) -> None:
    found = find(
        runner,
        """
        contents=["//3rdparty/redis", ":local", "//3rdparty/redis"],
        cmd=["{//3rdparty/bash:bash}/bin/bash"],
        entrypoint=["{:local}/x"],
        env={"A": "{//3rdparty/redis}"},
        labels={"x": "{//3rdparty/bash}"},
        working_dir="{//3rdparty/bash}",
        healthcheck={"test": ["CMD", "{//3rdparty/redis}"]},
        users={"redis": {"uid": 999, "shell": "{//3rdparty/bash}/bin/bash"}},
        symlinks={"/bin/sh": "{//3rdparty/bash}/bin/bash"},
        files={"/etc/x": "{//3rdparty/redis}", "/y": {"source": "//3rdparty/app"}},
        """,
    )
    assert found.contents == (REDIS, LOCAL)
    assert dict(found.interpolated) == {
        "//3rdparty/bash:bash": BASH,
        "//3rdparty/bash": BASH,
        "//3rdparty/redis": REDIS,
        ":local": LOCAL,
    }
    assert dict(found.sources) == {"//3rdparty/app": APP}
    assert dict(found.origins) == {
        REDIS: "`docker_image` images:redis: `contents`",
        LOCAL: "`docker_image` images:redis: `contents`",
        BASH: "`docker_image` images:redis: `cmd`",
    }


def test_what_commands_use_is_not_in_the_image_by_that(runner: RuleRunner) -> None:
    found = find(
        runner,
        """
        contents=["//3rdparty/redis"],
        run_as_root="{//3rdparty/redis}/bin/x; {:local}/bin/y",
        run_as_root_tools=["//3rdparty/bash"],
        """,
    )
    assert found.tools == (BASH,)
    assert dict(found.commands) == {"//3rdparty/redis": REDIS, ":local": LOCAL}
    assert set(found.origins) == {REDIS}
    assert dict(found.tool_origins) == {
        BASH: "`docker_image` images:redis: `run_as_root_tools`",
        REDIS: "`docker_image` images:redis: `run_as_root`",
        LOCAL: "`docker_image` images:redis: `run_as_root`",
    }


def test_they_are_dependencies(runner: RuleRunner) -> None:
    fields = (
        'contents=["//3rdparty/redis"], run_as_root="{:local}/x", '
        'run_as_root_tools=["//3rdparty/bash"], files={"/x": {"source": "//3rdparty/app"}}'
    )
    inferred = runner.request(
        InferredDependencies, [InferImageDependencies(field_set(runner, fields))]
    )
    assert set(inferred.include) == {REDIS, LOCAL, BASH, APP}


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            'entrypoint=["{//3rdparty/redi}"]',
            "`docker_image` images:redis: `entrypoint` refers to //3rdparty/redi, which does not "
            "exist. Did you mean //3rdparty/redis?",
        ),
        (
            'contents=["//3rdparty/redis:reddis"]',
            "`contents` refers to //3rdparty/redis:reddis, which does not exist. Did you mean",
        ),
        ('contents=[":locl"]', "refers to :locl, which does not exist. Did you mean :local?"),
        ('env={"A": "{//images}"}', "`env` refers to //images, which does not exist."),
        ('contents=["//zzzzzzzzzzzz"]', "`./pants list ::` lists all targets."),
        ('contents=["a:b:c"]', "`contents` has 'a:b:c', which is not an address"),
        ('contents=["//../x"]', "`contents` has '//../x', which is not an address"),
        ('contents=["//x::"]', "`contents` has '//x::', which is not an address"),
    ],
)
def test_an_address_that_leads_nowhere(runner: RuleRunner, fields: str, message: str) -> None:
    request = field_set(runner, fields)
    with pytest.raises(Exception) as error:
        runner.request(ImageReferences, [ImageReferencesRequest(request)])
    assert message in str(error.value)
