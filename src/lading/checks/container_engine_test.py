"""Where the engine fails. Real engines are in the end-to-end tests."""

from pathlib import Path
from typing import Iterator

import pytest

from lading.checks.check_request import Engine
from lading.checks.container_engine import ContainerEngine
from lading.runtime.machine import MACHINE_DIR, Machine
from lading.values.errors import LadingError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only directory in PATH of this machine's description."""
    monkeypatch.chdir(tmp_path)
    Path(MACHINE_DIR).mkdir(parents=True)
    machine = Machine(environment={"PATH": str(tmp_path / "bin")})
    Path(MACHINE_DIR, "machine.json").write_text(machine.to_json())
    (tmp_path / "bin").mkdir()
    yield tmp_path / "bin"


def engine(programs: Path, script: str) -> ContainerEngine:
    (programs / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "docker").chmod(0o755)
    return ContainerEngine.find(Engine.DOCKER)


def test_an_engine_that_is_not_there(programs: Path) -> None:
    with pytest.raises(LadingError) as raised:
        ContainerEngine.find(Engine.PODMAN)
    assert str(raised.value) == (
        f"`engine` is 'podman', and there is no podman in PATH, which is {programs}: install it, "
        "or leave `engine` out to run commands without one."
    )


def test_a_daemon_that_does_not_answer(programs: Path) -> None:
    docker = engine(programs, 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    with pytest.raises(LadingError) as raised, docker.loaded(Path("image.tar"), ["sha256:1"]):
        pass
    assert str(raised.value) == (
        "`docker load` failed, so that the image can't be tested in docker: Cannot connect to the "
        "Docker daemon"
    )


def test_an_image_that_is_not_there_after_it_was_loaded(programs: Path) -> None:
    docker = engine(programs, '[ "$1" = load ]')
    ids = ["sha256:1", "sha256:2"]
    with pytest.raises(LadingError) as raised, docker.loaded(Path("image.tar"), ids):
        pass
    assert str(raised.value) == (
        "docker has loaded the image, but knows none of sha256:1, sha256:2: look whether `docker "
        "image ls --no-trunc` shows it."
    )


def test_a_name_goes_where_the_image_can_not(programs: Path) -> None:
    docker = engine(programs, f'echo "$@" >> {programs}/log; [ "$1" != image ]')
    with docker.loaded(Path("image.tar"), ["sha256:1"]) as name:
        pass
    log = (programs / "log").read_text().splitlines()
    assert log == [f"tag sha256:1 {name}", f"image rm {name}", f"untag {name}"]


def test_an_image_that_is_there_is_not_loaded_and_its_name_goes(programs: Path) -> None:
    docker = engine(programs, f'echo "$@" >> {programs}/log; [ "$3" != x ]')
    with docker.loaded(Path("image.tar"), ["sha256:1"]) as name:
        assert name.startswith("localhost/lading-test:")
    log = (programs / "log").read_text().splitlines()
    assert log == [f"tag sha256:1 {name}", f"image rm {name}"]
