"""Failures of the engine. The end-to-end tests use real engines."""

import os
from pathlib import Path

import pytest

from lading.checks.engine_run import EngineRun
from lading.engines.container_engine import ContainerEngine
from lading.values.errors import LadingError


def engine(tmp_path: Path, script: str) -> EngineRun:
    (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "docker").chmod(0o755)
    return EngineRun(ContainerEngine("docker", str(tmp_path / "docker"), os.environ, {}))


def test_a_daemon_that_does_not_answer(tmp_path: Path) -> None:
    docker = engine(tmp_path, 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    with pytest.raises(LadingError) as raised, docker.loaded(Path("image.tar"), ["sha256:1"]):
        pass
    assert str(raised.value) == "`docker load` failed: Cannot connect to the Docker daemon"


def test_an_image_that_is_not_there_after_it_was_loaded(tmp_path: Path) -> None:
    docker = engine(tmp_path, '[ "$1" = load ]')
    ids = ["sha256:1", "sha256:2"]
    with pytest.raises(LadingError) as raised, docker.loaded(Path("image.tar"), ids):
        pass
    assert str(raised.value) == (
        "docker has loaded the image, but knows none of sha256:1, sha256:2: check whether "
        "`docker image ls --no-trunc` shows it."
    )


def test_a_name_goes_where_the_image_can_not(tmp_path: Path) -> None:
    docker = engine(tmp_path, f'echo "$@" >> {tmp_path}/log; [ "$1" != image ]')
    with docker.loaded(Path("image.tar"), ["sha256:1"]) as name:
        pass
    log = (tmp_path / "log").read_text().splitlines()
    assert log == [f"tag sha256:1 {name}", f"image rm {name}", f"untag {name}"]


def test_an_image_that_is_there_is_not_loaded_and_its_name_goes(tmp_path: Path) -> None:
    docker = engine(tmp_path, f'echo "$@" >> {tmp_path}/log; [ "$3" != x ]')
    with docker.loaded(Path("image.tar"), ["sha256:1"]) as name:
        assert name.startswith("localhost/lading-test:")
    log = (tmp_path / "log").read_text().splitlines()
    assert log == [f"tag sha256:1 {name}", f"image rm {name}"]
