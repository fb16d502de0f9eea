"""How docker and podman are found."""

import os
from pathlib import Path
from typing import Optional

import pytest

from lading.engines.container_engine import ContainerEngine, Engine
from lading.values.errors import LadingError

OTHERWISE = "use `--no-daemon`"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def find(wanted: Engine) -> ContainerEngine:
    return ContainerEngine.find(wanted, os.environ, OTHERWISE)


def test_docker_comes_before_podman(programs: Path) -> None:
    for name in ("docker", "podman"):
        install(programs, name, 'echo \'{"ID": "x"}\'')
    assert find(Engine.AUTO).name == "docker"
    found = find(Engine.PODMAN)
    assert found == ContainerEngine("podman", str(programs / "podman"), os.environ, {"ID": "x"})


def test_rules_img_333_podman_is_found_where_no_daemon_answers(programs: Path) -> None:
    install(programs, "docker", 'echo \'{"ServerErrors": ["no daemon"]}\'')
    install(programs, "podman", "echo '{\"host\": {}}'")
    assert find(Engine.AUTO).name == "podman"


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
    docker: Optional[str], problem: str, programs: Path
) -> None:
    if docker is not None:
        install(programs, "docker", docker)
    with pytest.raises(LadingError) as raised:
        find(Engine.AUTO)
    assert str(raised.value) == (
        f"no container engine can run the image: {problem}; podman is not in PATH. Install or "
        f"start one, or {OTHERWISE}."
    )


def test_a_call_that_fails_says_so_in_the_engine_s_words(programs: Path) -> None:
    install(
        programs, "docker", '[ "$1" = info ] && echo "{\\"ID\\": 1}" || { echo no >&2; exit 1; }'
    )
    with pytest.raises(LadingError, match="^`docker commit` failed: no$"):
        find(Engine.DOCKER).call("commit", "x")
