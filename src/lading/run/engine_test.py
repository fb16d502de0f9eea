"""What engines are asked, and where they fail. Real engines are in the end-to-end tests."""

from pathlib import Path
from typing import Sequence

import pytest

from lading.image.config.config import ImageConfig
from lading.image.config.platform import Platform
from lading.image.manifest import Image
from lading.run.engine import ContainerEngine
from lading.run.image_run_request import Engine
from lading.run.loadable_image import LoadableImage
from lading.values.errors import LadingError

PLATFORM = Platform("linux", "amd64")
IMAGE = LoadableImage(Image.build(PLATFORM, ImageConfig(PLATFORM).to_bytes([]), []), (), {}, "")

DOCKER = ContainerEngine("docker", "/bin/docker", {})


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def test_docker_comes_before_podman(programs: Path) -> None:
    for name in ("docker", "podman"):
        install(programs, name, 'echo \'{"ID": "x"}\'')
    assert ContainerEngine.find(Engine.AUTO).name == "docker"
    found = ContainerEngine.find(Engine.PODMAN)
    assert found == ContainerEngine("podman", str(programs / "podman"), {"ID": "x"})


def test_rules_img_333_podman_is_found_where_no_daemon_answers(programs: Path) -> None:
    install(programs, "docker", 'echo \'{"ServerErrors": ["no daemon"]}\'')
    install(programs, "podman", "echo '{\"host\": {}}'")
    assert ContainerEngine.find(Engine.AUTO).name == "podman"


@pytest.mark.parametrize(
    "docker, problem",
    [
        (None, "docker is not in PATH"),
        ("echo; echo 'Cannot connect' >&2; exit 1", "docker does not answer (Cannot connect)"),
        ("exit 3", "docker does not answer (status 3)"),
        (
            "echo 'Cannot connect' >&2; echo '{\"ServerErrors\": [\"x\"]}'",
            "docker does not answer (Cannot connect)",
        ),
    ],
)
def test_without_an_engine_it_is_told_what_is_missing(
    docker: str, problem: str, programs: Path
) -> None:
    if docker is not None:
        install(programs, "docker", docker)
    with pytest.raises(LadingError) as raised:
        ContainerEngine.find(Engine.AUTO)
    assert str(raised.value) == (
        f"there is nothing to run the image with: {problem}; podman is not in PATH. Start one, or "
        "use `--no-daemon`, which runs the image without any."
    )


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
    arguments = DOCKER.arguments("id", ("53/udp", "6379/tcp"), options)
    assert arguments == ["run", "--rm", "--interactive", *ports, *options, "id"]


def test_an_image_that_does_not_get_there(
    programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(programs, "docker", '[ "$1" = load ] && echo "no space left"; exit 1')
    docker = ContainerEngine("docker", str(programs / "docker"), {})
    with pytest.raises(LadingError, match="^docker can't load the image: no space left.$"):
        docker.load(IMAGE)
    assert capsys.readouterr().err == "Loading 0.0 MB into docker\n"


def test_containerd_s_store_gets_all_layers(programs: Path) -> None:
    log = programs / "log"
    install(programs, "docker", f'echo "$*" >> {log}; exit 1')
    status = {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
    docker = ContainerEngine("docker", str(programs / "docker"), status)
    with pytest.raises(LadingError, match="it does not say why"):
        docker.load(IMAGE)
    look = [f"image inspect {id.partition(':')[2]}" for id in IMAGE.ids]
    have = "image ls --all --quiet --no-trunc"
    assert log.read_text().splitlines() == [*look, have, *look, "load", *look]
