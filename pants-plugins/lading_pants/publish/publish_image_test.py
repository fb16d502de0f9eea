"""What `./pants publish` plans for an image. End-to-end tests do it."""

from __future__ import annotations

import json

import pytest
from pants.core.goals.publish import PublishPackages, PublishProcesses
from pants.core.target_types import FileTarget
from pants.core.util_rules import distdir
from pants.engine.addresses import Address
from pants.engine.fs import DigestContents
from pants.testutil.rule_runner import QueryRule, RuleRunner, mock_console

from lading.registry.push.publish_request import ImageToPublish
from lading.values.json_codec import from_json
from lading_pants.base_image.base_image import BaseImageTarget
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_rules_testing import IMAGE_RULES, package_targets
from lading_pants.publish import publish_image
from lading_pants.publish.publish_image import PublishImageFieldSet, PublishImageRequest
from lading_pants.store.store_package_target import StorePackageTarget


@pytest.fixture(scope="module")
def runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *IMAGE_RULES,
            *distdir.rules(),
            *publish_image.rules(),
            QueryRule(PublishProcesses, [PublishImageRequest]),
        ],
        target_types=[BaseImageTarget, DockerImageTarget, FileTarget, StorePackageTarget],
        isolated_local_store=True,
    )


def publish(runner: RuleRunner, fields: str, *options: str) -> PublishPackages:
    """The plan for an image with these fields."""
    runner.set_options(options, env={"RELEASE": "v1"}, env_inherit={"PATH", "HOME"})
    runner.write_files(
        {
            "3rdparty/BUILD": package_targets(),
            "images/BUILD": f'docker_image(name="redis", {fields})\n',
        }
    )
    target = runner.get_target(Address("images", target_name="redis"))
    request = PublishImageRequest(PublishImageFieldSet.create(target), ())
    (packages,) = runner.request(PublishProcesses, [request])
    return packages


NAMES = [
    (
        'registries=["r.example", "l.example:5000/team"], image_tags=["1", "2"]',
        (),
        ["r.example/redis:1", "r.example/redis:2"]
        + ["l.example:5000/team/redis:1", "l.example:5000/team/redis:2"],
    ),
    (
        'registries=["@prod"], repository="team/{env:RELEASE}/redis", '
        'image_tags=["{version://3rdparty:redis}", "{hash}"]',
        ('--lading-registries={"prod": "p.example/x"}',),
        ["p.example/x/team/v1/redis:1-redis", "p.example/x/team/v1/redis:{digits}"],
    ),
    ('registries=["r.example"], image_tags=[]', (), ["r.example/redis"]),
    ('repository="r.example:1/redis"', (), ["r.example:1/redis:latest"]),
    ('repository="docker.io/redis"', (), ["docker.io/redis:latest"]),
    ("", ("--lading-default-registries=r.example",), ["r.example/redis:latest"]),
]


@pytest.mark.parametrize("fields, options, names", NAMES)
def test_it_is_pushed_under_each_name(
    fields: str, options: tuple[str, ...], names: list[str], runner: RuleRunner
) -> None:
    packages = publish(runner, f'contents=["//3rdparty:redis"], {fields}', *options)
    digest = packages.data["digest"]
    digits = digest.partition(":")[2][:12]
    assert packages.names == tuple(f"{name.format(digits=digits)}@{digest}" for name in names)
    assert packages.data["result"] == "dist/images/redis.publish.json"
    assert packages.process is not None
    files = {
        file.path: file.content
        for file in runner.request(DigestContents, [packages.process.process.input_digest])
    }
    image = from_json(ImageToPublish, files["request.json"])
    assert image.image == "images:redis"
    manifest = json.loads(files[image.manifest])
    for part, place in [
        (manifest["config"], image.config),
        *zip(manifest["layers"], image.layers),
    ]:
        assert len(files[place]) == part["size"]
    names_logged = [
        f"{repository}{tag}"
        for repository in image.repositories
        for tag in [f":{tag}" for tag in image.tags] or [""]
    ]
    assert names_logged == [name.format(digits=digits) for name in names]


@pytest.mark.parametrize(
    "fields, reason",
    [
        ("skip_push=True", "(by `skip_push` on images:redis)"),
        ('skip_push=True, registries=["r.example"]', "(by `skip_push` on images:redis)"),
        ("", "(no `registries` on images:redis)"),
        ("registries=[]", "(no `registries` on images:redis)"),
    ],
)
def test_pants_19959_what_is_not_pushed_is_not_built(
    fields: str, reason: str, runner: RuleRunner
) -> None:
    fields = f'contents=["//3rdparty:redis"], run_as_root="exit 1", {fields}'
    packages = publish(runner, fields)
    assert packages == PublishPackages(("images:redis",), description=reason)


@pytest.mark.parametrize(
    "fields, options, reason",
    [
        (
            'registries=["@prod"]',
            ('--lading-registries={"test": "t.example"}',),
            "`docker_image` images:redis: `registries` has '@prod', but `[lading].registries` does "
            "not have 'prod', only @test. Add it there, or write the registry's host.",
        ),
        (
            'registries=["r.example"], repository="r.example/redis"',
            (),
            "`docker_image` images:redis: `repository` is 'r.example/redis', which names a "
            "registry, but `registries` is set too. Remove the host from `repository`, or remove "
            "`registries`.",
        ),
        (
            "",
            ("--lading-default-registries=https://r.example",),
            "`docker_image` images:redis: `[lading].default_registries` has 'https://r.example', "
            "which is not a registry. Write `host[:port][/prefix]` with a port from 1 to 65535, "
            "or `@name` for one that `[lading].registries` has.",
        ),
        (
            'registries=["r.example"], contents=["//3rdparty:coreutils"], run_as_root="exit 3"',
            (),
            "`docker_image` images:redis: `run_as_root` failed (status 3)",
        ),
    ],
)
def test_what_goes_wrong_is_told_when_it_is_this_image_s_turn(
    fields: str, options: tuple[str, ...], reason: str, runner: RuleRunner
) -> None:
    packages = publish(runner, fields, *options)
    assert packages.names == ("images:redis",)
    assert packages.process is not None
    with mock_console(runner.options_bootstrapper) as (_, stdio):
        result = runner.run_interactive_process(packages.process)
        message = stdio.get_stderr()
    assert result.exit_code == 65
    assert message.startswith(reason)
