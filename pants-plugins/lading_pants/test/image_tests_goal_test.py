"""`docker_image_test` from its target to its result, with images that were not compiled."""

from __future__ import annotations

import textwrap
from typing import Any
from xml.etree import ElementTree

import pytest
from pants.core.goals import test
from pants.core.goals.test import TestResult
from pants.core.target_types import FileTarget
from pants.core.util_rules import distdir
from pants.engine.addresses import Address
from pants.engine.fs import DigestContents
from pants.engine.rules import collect_rules
from pants.engine.target import InferredDependencies
from pants.testutil.rule_runner import QueryRule, RuleRunner

from lading_pants.base_image.base_image import BaseImageTarget
from lading_pants.engine import container_engine_machine
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_rules_testing import IMAGE_RULES, package_targets
from lading_pants.store.store_package_target import StorePackageTarget
from lading_pants.test import image_checks, image_tests
from lading_pants.test.docker_image_test_target import DockerImageTestTarget
from lading_pants.test.image_checks import ImageTestFieldSet, InferImageTestDependencies
from lading_pants.test.image_tests import ImageTestRequest

IMAGE = """
docker_image(
    name="redis",
    contents=["//3rdparty:coreutils"],
    users={"redis": {"uid": 999, "home": "/data"}},
    directories={"/data": "0750 redis:redis"},
    cmd=["{//3rdparty:redis}/bin/redis-server"],
    user="redis",
    exposed_ports=["6379"],
)
"""

FILE = """
schemaVersion: 2.0.0
commandTests:
- {name: user, command: id, args: [-u], expectedOutput: ['^999\\n$']}
fileExistenceTests:
- {name: data, path: /data, permissions: drwxr-x---, uid: 999}
metadataTest: {exposedPorts: [6379]}
"""


class _NoMetadata:
    description = None


@pytest.fixture(scope="module")
def runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *IMAGE_RULES,
            *distdir.rules(),
            *collect_rules(container_engine_machine),
            *image_checks.rules(),
            *image_tests.rules(),
            *test.rules(),
            QueryRule(TestResult, [ImageTestRequest.Batch]),
            QueryRule(InferredDependencies, [InferImageTestDependencies]),
        ],
        target_types=[
            BaseImageTarget,
            DockerImageTarget,
            DockerImageTestTarget,
            FileTarget,
            StorePackageTarget,
        ],
        isolated_local_store=True,
    )


def declared(runner: RuleRunner, fields: str, file: str = FILE) -> ImageTestFieldSet:
    declared_test = f'docker_image_test(name="test", image=":redis", {fields})\n'
    if "image=" in fields:
        declared_test = declared_test.replace('image=":redis", ', "")
    runner.write_files(
        {
            "3rdparty/BUILD": package_targets(),
            "images/BUILD": f"{IMAGE}{declared_test}",
            "images/test.yaml": file,
        }
    )
    return ImageTestFieldSet.create(runner.get_target(Address("images", target_name="test")))


def _batch(field_set: ImageTestFieldSet) -> Any:
    return ImageTestRequest.Batch("", (field_set,), _NoMetadata())


def run(
    runner: RuleRunner, fields: str, file: str = FILE, options: tuple[str, ...] = ()
) -> TestResult:
    runner.set_options(options, env_inherit={"PATH", "HOME"})
    batch = _batch(declared(runner, fields, file))
    result: TestResult = runner.request(TestResult, [batch])
    return result


def test_an_image_that_is_right(runner: RuleRunner) -> None:
    result = run(
        runner,
        """
        commands=[{"run": ["id", "-un"], "stdout": "^redis$"}],
        files={
            "/data": {"owner": "redis:redis", "mode": "0750"},
            "{//3rdparty:redis}/bin/redis-server": {"mode": "0555"},
            "/bin/bash": {"target": "{//3rdparty:coreutils}/bin/bash"},
            "/bin/gcc": None,
        },
        config={"cmd": ["{//3rdparty:redis}/bin/redis-server"], "user": "redis"},
        max_size="500 MB",
        max_compressed_size="500 MB",
        must_not_contain=["//3rdparty:nginx", "gcc*"],
        container_structure_tests=["*.yaml"],
        """,
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "✓ command id -un",
        "✓ command user",
        "✓ file /bin/bash",
        "✓ file /bin/gcc",
        "✓ file /data",
        f"✓ file /store/{'r' * 32}-redis/bin/redis-server",
        "✓ file /data (data)",
        "✓ config cmd",
        "✓ config user",
        "✓ config exposed_ports",
        "✓ must_not_contain //3rdparty:nginx",
        "✓ must_not_contain gcc*",
        "✓ max_size",
        "✓ max_compressed_size",
        "14 checks passed.",
    ]


def test_an_image_that_is_wrong(runner: RuleRunner) -> None:
    result = run(
        runner,
        """
        commands=[{"run": ["id", "-u"], "stdout": "^0$"}],
        files={"/data": {"mode": "0700"}},
        must_not_contain=["//3rdparty:redis"],
        container_structure_tests=["test.yaml"],
        """,
        FILE.replace("drwxr-x---", "drwxrwxrwx"),
    )
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == textwrap.dedent(
        f"""\
        ✗ command id -u
          stdout does not match: ^0$
          its stdout:
              999
        ✗ file /data
          mode: expected 0700, actual 0750
        ✗ file /data (data)
          permissions: expected drwxrwxrwx, actual drwxr-x---
        ✗ must_not_contain //3rdparty:redis
          /store/{'r' * 32}-redis is in the image:
            the image, or its base, names it
        4 of 6 checks failed.
        """
    )


def test_what_needs_no_layers_reads_none(runner: RuleRunner) -> None:
    result = run(runner, 'config={"exposed_ports": ["6379/tcp"]}')
    assert (result.exit_code, result.stdout) == (0, "✓ config exposed_ports\n1 check passed.\n")


def test_a_report_for_programs(runner: RuleRunner) -> None:
    result = run(runner, 'config={"cmd": []}', options=("--test-report",))
    assert result.exit_code == 1 and result.xml_results is not None
    assert result.xml_results.files == ("images.test.xml",)
    (file,) = runner.request(DigestContents, [result.xml_results.digest])
    root = ElementTree.fromstring(file.content)
    assert (root.attrib["name"], root.attrib["failures"]) == ("images:test", "1")


def test_what_an_engine_misses_does_not_stop_other_tests(runner: RuleRunner) -> None:
    runner.set_options([], env={"PATH": "/none"})
    fields = 'commands=[{"run": ["id"]}], engine="docker"'
    batch = _batch(declared(runner, fields))
    result = runner.request(TestResult, [batch])
    assert result.exit_code == 65
    assert result.stderr == (
        "no container engine can run the image: docker is not in PATH. Install or start one, or "
        "leave `engine` out to run commands in namespaces."
    )


@pytest.mark.parametrize(
    "fields, file, sentence",
    [
        (
            'image=":redi", config={"cmd": []}',
            FILE,
            "`docker_image_test` images:test: `image` refers to :redi, which does not exist. Did "
            "you mean :redis?",
        ),
        (
            'image="//3rdparty:redis", config={"cmd": []}',
            FILE,
            "`docker_image_test` images:test: `image` refers to //3rdparty:redis, which is a "
            "`store_package` target and not an image",
        ),
        (
            'must_not_contain=["//3rdparty:gcc"]',
            FILE,
            "`docker_image_test` images:test: `must_not_contain` refers to //3rdparty:gcc, which "
            "does not exist.",
        ),
        (
            'commands=[{"run": ["{//3rdparty:no}/bin/x"]}]',
            FILE,
            "`docker_image_test` images:test: `commands` refers to //3rdparty:no, which does not",
        ),
        (
            'files={"{//3rdparty:no}/bin/x": None}',
            FILE,
            "`docker_image_test` images:test: `files` refers to //3rdparty:no, which does not",
        ),
        (
            'container_structure_tests=["test.yaml"]',
            FILE.replace("commandTests", "commandTest"),
            "`docker_image_test` images:test: images/test.yaml: container-structure-test has no "
            "'commandTest'. Did you mean 'commandTests'?",
        ),
        (
            'container_structure_tests=["none.yaml"]',
            FILE,
            "`docker_image_test` images:test: `container_structure_tests` has 'none.yaml', but "
            "there is no such file: name files in the BUILD file's directory",
        ),
    ],
)
def test_a_mistake_does_not_stop_other_tests(
    fields: str, file: str, sentence: str, runner: RuleRunner
) -> None:
    result = run(runner, fields, file)
    assert (result.exit_code, result.stdout) == (65, "")
    assert sentence in result.stderr


def test_a_base_image_is_not_tested(runner: RuleRunner) -> None:
    fields = 'image=":base", config={"cmd": []})\nbase_image(name="base", image="x/y:1"'
    result = run(runner, fields)
    assert result.stderr == (
        "`docker_image_test` images:test: `image` refers to images:base, which is a `base_image` "
        "target: name a `docker_image`."
    )


def test_a_test_depends_on_what_it_names(runner: RuleRunner) -> None:
    field_set = declared(
        runner,
        """
        commands=[{"run": ["{//3rdparty:bash}/bin/bash"]}],
        files={"{//3rdparty:redis}/x": {"target": "{//3rdparty:coreutils}"}},
        must_not_contain=["//3rdparty:nginx", "gcc"],
        """,
    )
    found: Any = runner.request(InferredDependencies, [InferImageTestDependencies(field_set)])
    assert sorted(address.target_name for address in found.include) == [
        *("bash", "coreutils", "nginx", "redis", "redis"),
    ]
