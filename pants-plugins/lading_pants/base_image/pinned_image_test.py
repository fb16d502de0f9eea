from __future__ import annotations

from typing import Iterator

import pytest
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner, engine_error

from lading.image.config.platform import Platform
from lading.network.faulty_server_testing import FaultyServer
from lading.registry.pins import Pins
from lading.registry.reference import Reference
from lading.registry.registry_testing import RegistryServer
from lading.values.digest import Sha256
from lading_pants.base_image.base_image_testing import (
    ADDRESS,
    LOCK,
    SUBJECT,
    make_runner,
    write_base_image,
)
from lading_pants.base_image.pinned_image import PinnedImage, PinnedImageRequest
from lading_pants.engine.platform import BuildPlatform
from lading_pants.errors import TargetError

DEBIAN = "docker.io/library/debian"
ONE, TWO = Sha256("1" * 64), Sha256("2" * 64)
STALE = "--lading-refuse-stale-base-images"
COMMAND = "./pants generate-lockfiles --resolve=base-images"


@pytest.fixture(scope="module")
def module_runner(tmp_path_factory: pytest.TempPathFactory) -> RuleRunner:
    queries = [QueryRule(PinnedImage, [PinnedImageRequest]), QueryRule(BuildPlatform, [])]
    return make_runner(tmp_path_factory.mktemp("caches"), queries)


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with FaultyServer() as server:
        yield RegistryServer(server)


def pinned(runner: RuleRunner) -> PinnedImage:
    return runner.request(PinnedImage, [PinnedImageRequest(ADDRESS)])


def write_pins(runner: RuleRunner, **digests: Sha256) -> None:
    runner.write_files({LOCK: Pins(digests).to_json()})


@pytest.mark.parametrize(
    "image, fields, reference",
    [
        ("debian:12", {"digest": str(ONE)}, f"{DEBIAN}:12@{ONE}"),
        (f"debian:12@{ONE}", {}, f"{DEBIAN}:12@{ONE}"),
        ("debian", {"digest": str(ONE)}, f"{DEBIAN}@{ONE}"),
        # The target takes precedence over the file.
        ("debian:13", {"digest": str(ONE)}, f"{DEBIAN}:13@{ONE}"),
        ("debian:13", {}, f"{DEBIAN}:13@{TWO}"),
        ("docker.io/library/debian:13", {}, f"{DEBIAN}:13@{TWO}"),
    ],
)
def test_the_digest_is_the_target_s_or_that_of_the_file(
    runner: RuleRunner, image: str, fields: dict[str, str], reference: str
) -> None:
    write_pins(runner, **{f"{DEBIAN}:13": TWO})
    write_base_image(runner, image, **fields)
    found = pinned(runner)
    assert str(found.reference) == reference
    assert (found.address, found.subject) == (ADDRESS, SUBJECT)


def test_another_file_can_be_named(runner: RuleRunner) -> None:
    runner.write_files({"pins.json": Pins({f"{DEBIAN}:13": ONE}).to_json()})
    runner.set_options(["--lading-base-images-lock=pins.json"])
    write_base_image(runner, "debian:13")
    assert pinned(runner).reference.digest == ONE


def test_the_platform_is_the_machine_s_unless_it_is_named(runner: RuleRunner) -> None:
    write_base_image(runner, f"debian@{ONE}")
    of_machine = runner.request(BuildPlatform, []).oci
    assert pinned(runner).platform == Platform.parse(of_machine)
    write_base_image(runner, f"debian@{ONE}", platform="linux/arm/v7")
    assert pinned(runner).platform == Platform("linux", "arm", "v7")


@pytest.mark.parametrize("pins", [{}, {f"{DEBIAN}:12": ONE}])
def test_what_is_not_pinned_is_refused_with_the_command(
    runner: RuleRunner, pins: dict[str, Sha256]
) -> None:
    if pins:
        write_pins(runner, **pins)
    write_base_image(runner, "debian:13")
    sentence = (
        f"{SUBJECT}: {DEBIAN}:13 is pinned neither in the target nor in {LOCK}. Run "
        f"`{COMMAND}`, or set `digest`."
    )
    with engine_error(TargetError, contains=sentence):
        pinned(runner)


def test_a_file_of_pins_that_is_none_is_refused_where_it_is_needed(
    runner: RuleRunner,
) -> None:
    runner.write_files({LOCK: "<<<<<<< HEAD"})
    write_base_image(runner, "debian:13")
    with engine_error(TargetError, contains=f"{LOCK} is not JSON ("):
        pinned(runner)
    write_base_image(runner, f"debian:13@{ONE}")
    assert pinned(runner).reference.digest == ONE


@pytest.mark.parametrize(
    "path", ["", ".", "..", "/etc/pins.json", "../pins.json", "a/../pins.json", "a//b", "pins*"]
)
def test_pins_are_below_the_build_root(runner: RuleRunner, path: str) -> None:
    write_base_image(runner, "debian:13")
    runner.set_options([f"--lading-base-images-lock={path}"])
    sentence = (
        f"`[lading].base_images_lock` is {path!r}, which is not a path inside the repository. "
        f"Write one such as `{LOCK}`."
    )
    with engine_error(TargetError, contains=sentence):
        pinned(runner)


@pytest.mark.parametrize("is_in_target", [True, False])
def test_a_stale_pin_is_refused_if_that_is_asked_for(
    runner: RuleRunner, registry: RegistryServer, is_in_target: bool
) -> None:
    now = registry.manifest(b"{}", tag="1")
    if is_in_target:
        write_base_image(runner, f"{registry.name}:1", digest=str(ONE))
    else:
        write_pins(runner, **{f"{registry.name}:1": ONE})
        write_base_image(runner, f"{registry.name}:1")
    assert pinned(runner).reference.digest == ONE
    assert not registry.server.requests
    runner.set_options([STALE])
    remedy = "Pin that one" if is_in_target else f"Run `{COMMAND}`"
    sentence = (
        f"{SUBJECT}: {registry.name}:1 is pinned as {ONE}, but the tag now names "
        f"{now}. {remedy}, or set `[lading].refuse_stale_base_images` to false."
    )
    with engine_error(TargetError, contains=sentence):
        pinned(runner)


def test_a_tag_is_looked_up_in_every_run(runner: RuleRunner, registry: RegistryServer) -> None:
    digest = registry.manifest(b"{}", tag="1")
    write_base_image(runner, f"{registry.name}:1", digest=str(digest))
    for _ in range(2):
        runner.set_options([STALE])
        assert pinned(runner).reference.digest == digest
    assert [one.method for one in registry.seen("manifests", "1")] == ["HEAD", "HEAD"]
    registry.manifest(b"{ }", tag="1")
    runner.set_options([STALE])
    with engine_error(TargetError, contains=". Pin that one"):
        pinned(runner)


def test_without_a_tag_nothing_can_be_stale(runner: RuleRunner) -> None:
    write_base_image(runner, f"127.0.0.1:1/app@{ONE}")
    runner.set_options([STALE])
    assert pinned(runner).reference == Reference.parse(f"127.0.0.1:1/app@{ONE}")


def test_a_tag_that_is_gone_is_told_with_the_target(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    write_base_image(runner, f"{registry.name}:1", digest=str(ONE))
    runner.set_options([STALE])
    sentence = f"{SUBJECT}: {registry.name}:1 could not be pulled. {registry.host}: HTTP status 404"
    with engine_error(TargetError, contains=sentence):
        pinned(runner)
