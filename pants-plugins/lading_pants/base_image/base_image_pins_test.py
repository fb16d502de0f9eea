from __future__ import annotations

import json
from pathlib import Path
from typing import Iterator

import pytest
from pants.core.goals import generate_lockfiles
from pants.core.goals.generate_lockfiles import GenerateLockfilesGoal, KnownUserResolveNames
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner, engine_error

from lading.network.faulty_server_testing import FaultyServer
from lading.registry.registry_testing import RegistryServer
from lading.values.digest import Sha256
from lading_pants.base_image import base_image_pins
from lading_pants.base_image.base_image_pins import KnownBaseImagePinsRequest
from lading_pants.base_image.base_image_testing import (
    ADDRESS,
    LOCK,
    SUBJECT,
    make_runner,
    write_base_image,
)
from lading_pants.base_image.pinned_image import PinnedImage, PinnedImageRequest
from lading_pants.errors import TargetError

DIGEST = Sha256("1" * 64)


@pytest.fixture(scope="module")
def module_runner(tmp_path_factory: pytest.TempPathFactory) -> RuleRunner:
    return make_runner(
        tmp_path_factory.mktemp("caches"),
        [
            *base_image_pins.rules(),
            *generate_lockfiles.rules(),
            QueryRule(KnownUserResolveNames, [KnownBaseImagePinsRequest]),
            QueryRule(PinnedImage, [PinnedImageRequest]),
        ],
    )


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with FaultyServer() as server:
        yield RegistryServer(server)


def generate(runner: RuleRunner, *arguments: str) -> dict[str, str]:
    """The file's content afterwards."""
    result = runner.run_goal_rule(GenerateLockfilesGoal, args=arguments)
    assert result.exit_code == 0
    text = Path(runner.build_root, LOCK).read_text()
    # The engine notices files that goals write with a short delay.
    runner.write_files({LOCK: text})
    written: dict[str, str] = json.loads(text)
    return written


def known(runner: RuleRunner) -> tuple[str, ...]:
    return runner.request(KnownUserResolveNames, [KnownBaseImagePinsRequest()]).names


@pytest.mark.parametrize("arguments", [["--resolve=base-images"], []])
def test_a_tag_is_pinned_by_what_it_names_now(
    runner: RuleRunner, registry: RegistryServer, arguments: list[str]
) -> None:
    one = registry.manifest(b"{}", tag="1")
    write_base_image(runner, f"{registry.name}:1")
    assert generate(runner, *arguments) == {f"{registry.name}:1": str(one)}
    pinned = runner.request(PinnedImage, [PinnedImageRequest(ADDRESS)])
    assert pinned.reference.digest == one
    two = registry.manifest(b"{ }", tag="1")
    assert generate(runner, *arguments) == {f"{registry.name}:1": str(two)}


def test_each_image_without_a_digest_is_asked_for_once(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    one, two = registry.manifest(b"1", tag="1"), registry.manifest(b"2", tag="2")
    name = registry.name
    runner.write_files(
        {
            "bases/BUILD": f"base_image(name='b', image='{name}:2')\n"
            f"base_image(name='a', image='{name}:1', platform='linux/amd64')\n"
            f"base_image(name='c', image='{name}:1', platform='linux/arm64')\n",
            "pinned/BUILD": f"base_image(name='d', image='{name}:3', digest='{DIGEST}')\n"
            f"base_image(name='e', image='{name}:4@{DIGEST}')\n",
            LOCK: json.dumps({f"{name}:0": str(DIGEST), f"{name}:1": str(DIGEST)}),
        }
    )
    # What no target names any more is left out.
    assert generate(runner) == {f"{name}:1": str(one), f"{name}:2": str(two)}
    assert [len(registry.seen("manifests", tag)) for tag in "1234"] == [1, 1, 0, 0]


def test_the_file_is_written_anew_whatever_is_in_it(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    one = registry.manifest(b"{}", tag="1")
    write_base_image(runner, f"{registry.name}:1")
    runner.write_files({LOCK: "<<<<<<< HEAD"})
    assert generate(runner) == {f"{registry.name}:1": str(one)}


def test_without_anything_to_pin_there_is_nothing_to_generate(runner: RuleRunner) -> None:
    write_base_image(runner, f"debian:12@{DIGEST}")
    assert known(runner) == ()
    write_base_image(runner, "debian:12")
    assert known(runner) == ("base-images",)


def test_the_last_pin_is_removed_when_it_is_not_needed(runner: RuleRunner) -> None:
    write_base_image(runner, f"debian:12@{DIGEST}")
    runner.write_files({LOCK: json.dumps({"docker.io/library/debian:12": str(DIGEST)})})
    assert known(runner) == ("base-images",)
    assert generate(runner) == {}


def test_one_tag_that_is_not_found_changes_nothing(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    registry.manifest(b"{}", tag="1")
    before = json.dumps({f"{registry.name}:1": str(DIGEST)})
    runner.write_files(
        {
            "bases/BUILD": f"base_image(name='app', image='{registry.name}:2')",
            "more/BUILD": f"base_image(name='app', image='{registry.name}:1')",
            LOCK: before,
        }
    )
    sentence = f"{SUBJECT}: {registry.name}:2 could not be pulled. {registry.host}: HTTP status 404"
    with engine_error(TargetError, contains=sentence):
        generate(runner)
    assert Path(runner.build_root, LOCK).read_text() == before
