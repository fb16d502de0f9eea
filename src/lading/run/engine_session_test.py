"""What engines are asked, and how they fail. The end-to-end tests use real engines."""

import os
from pathlib import Path
from typing import Sequence

import pytest

from lading.engines.container_engine import ContainerEngine
from lading.image.config.config import ImageConfig
from lading.image.config.platform import Platform
from lading.image.manifest import Image
from lading.run.engine_session import EngineSession, run_arguments
from lading.run.loadable_image import LoadableImage
from lading.values.errors import LadingError

PLATFORM = Platform("linux", "amd64")
IMAGE = LoadableImage(Image.build(PLATFORM, ImageConfig(PLATFORM).to_bytes([]), []), (), {}, "")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


@pytest.mark.parametrize(
    "options, published",
    [
        ((), True),
        (("--env=PORT=1", "--volume=/a:/b", "--privileged"), True),
        (("--network=host",), False),
        (("--net", "host"), False),
        (("--publish=7000:6379",), False),
        (("-p", "7000:6379"), False),
        (("-p7000:6379",), False),
        (("-P",), False),
    ],
)
def test_ports_are_published_unless_an_option_says_which(
    options: Sequence[str], published: bool
) -> None:
    ports = ["--publish=53:53/udp", "--publish=6379:6379/tcp"] if published else []
    arguments = run_arguments("id", ("53/udp", "6379/tcp"), options)
    assert arguments == ["run", "--rm", "--interactive", *ports, *options, "id"]


def test_an_image_that_does_not_get_there(
    programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(programs, "docker", '[ "$1" = load ] && echo "no space left"; exit 1')
    docker = ContainerEngine("docker", str(programs / "docker"), os.environ, {})
    with pytest.raises(LadingError, match="^docker can't load the image: no space left.$"):
        EngineSession(docker, IMAGE).load()
    assert capsys.readouterr().err == "Loading 0.0 MB into docker\n"


def test_containerd_s_store_gets_all_layers(programs: Path) -> None:
    log = programs / "log"
    install(programs, "docker", f'echo "$*" >> {log}; exit 1')
    status = {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
    docker = ContainerEngine("docker", str(programs / "docker"), os.environ, status)
    with pytest.raises(LadingError, match="it does not say why"):
        EngineSession(docker, IMAGE).load()
    look = [f"image inspect {id.partition(':')[2]}" for id in IMAGE.ids]
    have = "image ls --all --quiet --no-trunc"
    assert log.read_text().splitlines() == [*look, have, *look, "load", *look]


def test_an_image_that_podman_can_t_read_hides_no_other(programs: Path) -> None:
    """Such as one with a date that Go does not parse."""
    # `podman image inspect --format FORMAT ID...`
    install(programs, "podman", '[ $# = 5 ] && [ "$5" = read ] && echo \'["sha256:0"]\'')
    podman = ContainerEngine("podman", str(programs / "podman"), os.environ, {})
    session = EngineSession(podman, IMAGE)
    assert list(session._layers_of({"unread", "read"})) == [["sha256:0"]]
