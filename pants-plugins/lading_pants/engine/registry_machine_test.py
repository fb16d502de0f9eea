from __future__ import annotations

from pathlib import Path

import pytest
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner, engine_error

from lading.runtime.machine import Machine
from lading_pants.base_image.base_image_testing import make_runner
from lading_pants.engine.machine import MachineCache
from lading_pants.engine.registry_machine import RegistryMachine
from lading_pants.errors import TargetError


@pytest.fixture
def rule_runner(tmp_path: Path) -> RuleRunner:
    return make_runner(tmp_path, [QueryRule(RegistryMachine, []), QueryRule(MachineCache, [])])


def directory(rule_runner: RuleRunner) -> str:
    return rule_runner.request(RegistryMachine, []).name


def test_options_and_environment_reach_the_program(rule_runner: RuleRunner, tmp_path: Path) -> None:
    rule_runner.set_options(
        [
            "--lading-registry-mirrors={'docker.io': ['mirror.example', 'other.example:5000/hub']}",
            "--lading-insecure-registries=['Registry.example:5000']",
        ],
        env={
            "DOCKER_CONFIG": "/home/me/docker",
            "HTTPS_PROXY": "http://me:secret@proxy.example",
            "PATH": "/opt/helpers",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "EDITOR": "ed",
        },
    )
    machine_directory = tmp_path / directory(rule_runner)
    assert Machine.load(str(machine_directory)) == Machine(
        environment={
            "DOCKER_CONFIG": "/home/me/docker",
            "HTTPS_PROXY": "http://me:secret@proxy.example",
            "PATH": "/opt/helpers",
        },
        registry_mirrors={"docker.io": ("mirror.example", "other.example:5000/hub")},
        insecure_registries=("registry.example:5000",),
        build_root=rule_runner.build_root,
    )
    assert (machine_directory / "machine.json").stat().st_mode & 0o777 == 0o600
    assert (machine_directory / "python").stat().st_mode & 0o777 == 0o700


def test_what_changes_for_registries_is_nothing_to_other_programs(rule_runner: RuleRunner) -> None:
    plain, registry = set(), set()
    for variable, value in (("PATH", "/a"), ("DOCKER_CONFIG", "/b"), ("EDITOR", "ed")):
        rule_runner.set_options(["--lading-registry-mirrors={}"], env={variable: value})
        plain.add(rule_runner.request(MachineCache, []).name)
        registry.add(directory(rule_runner))
    rule_runner.set_options(["--lading-insecure-registries=['a.example']"])
    plain.add(rule_runner.request(MachineCache, []).name)
    registry.add(directory(rule_runner))
    assert (len(plain), len(registry)) == (1, 4)


@pytest.mark.parametrize(
    "option, sentence",
    [
        (
            "--lading-registry-mirrors={'docker.io': 'https://me:s3cret@mirror.example'}",
            "`[lading].registry_mirrors` has 'https://...@mirror.example' for docker.io, which is",
        ),
        (
            "--lading-insecure-registries=['http://registry.example']",
            "`[lading].insecure_registries` has 'http://registry.example', which is not the host",
        ),
    ],
)
def test_options_are_checked(rule_runner: RuleRunner, option: str, sentence: str) -> None:
    rule_runner.set_options([option])
    with engine_error(TargetError, contains=sentence):
        directory(rule_runner)
