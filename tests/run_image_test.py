"""`./pants run` on an image: in docker, in podman, and without either."""

import os
import re
import secrets
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, Iterator

import pytest
from conftest import ContainerEngine
from interruptible import interruptible
from local_server import free_port
from redis_container import RedisCli
from repository import Repository

#: Images that no engine has: a shell in front of redis, and one with a small layer on top of it.
BUILD = """
docker_image(
    name="shell",
    repository="lading-run-test",
    image_tags=["%(token)s"],
    contents=["//3rdparty/bash", "//3rdparty/redis"],
    directories={"/work": "0755 7:8"},
    entrypoint=["bash", "-c"],
    cmd=["echo cmd $TOKEN"],
    env={"TOKEN": "%(token)s"},
    user="7:8",
    working_dir="/work",
    exposed_ports=["6379"],
)

docker_image(
    name="above",
    base=":shell",
    repository="lading-run-test",
    image_tags=["%(token)s-above"],
    files={"/work/above": {"text": "above"}},
)
"""

SCRIPT = 'read line < above; echo "$0 $line $TOKEN $UID $PWD"; exit 7'


class Images:
    """The images of BUILD in an engine, and `./pants run` on them."""

    def __init__(self, repository: Repository, engine: ContainerEngine, token: str) -> None:
        self.repository = repository
        self.engine = engine
        self.token = token
        # Containers have these in restricted places too.
        self.options = [
            *(f"--lading-container-options={option}" for option in engine.run_options),
            f"--lading-container-engine={engine.command[0]}",
        ]

    def run(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.repository.try_pants("run", *self.options, f"ran:{name}", "--", *words)

    def id(self, name: str) -> str:
        tag = self.token if name == "shell" else f"{self.token}-above"
        return self.engine("image", "inspect", "--format={{.Id}}", f"lading-run-test:{tag}").strip()

    def remove(self, name: str) -> None:
        id = self.id(name)
        # A moment after `run --rm` podman may still be at removing the container.
        deadline = time.monotonic() + 30
        while self.engine("ps", "--all", "--quiet", f"--filter=ancestor={id}"):
            assert time.monotonic() < deadline, f"a container of {id} stays"
            time.sleep(0.05)
        self.engine("image", "rm", "--force", id)


@pytest.fixture(scope="module")
def token() -> str:
    return secrets.token_hex(8)


@pytest.fixture(scope="module")
def declared(repository: Repository, token: str) -> Iterator[Repository]:
    with repository.declared("ran", BUILD % {"token": token}):
        yield repository


@pytest.fixture(params=["docker", "podman"])
def images(declared: Repository, token: str, request: Any) -> Iterator[Images]:
    images = Images(declared, request.getfixturevalue(request.param), token)
    yield images
    for name in ("above", "shell"):
        with suppress(subprocess.CalledProcessError):  # a test has failed before
            images.remove(name)


def loaded(finished: "subprocess.CompletedProcess[str]") -> str:
    """What was reported: "" if nothing was loaded."""
    return "".join(re.findall("^Loading .*$", finished.stderr, re.MULTILINE))


def test_pants_16356_it_runs_whatever_the_engine_has(images: Images) -> None:
    engine = images.engine.command[0]
    first = images.run("shell")
    assert (first.stdout, first.returncode) == (f"cmd {images.token}\n", 0), first.stderr
    # Twice, if a test beside this one has removed a layer that was there when podman was asked.
    loading = rf"(Loading \d\.\d MB into {engine}){{1,2}}"
    assert re.fullmatch(loading, loaded(first))
    # Only the layer that it lacks, and with the status of the program.
    above = images.run("above", SCRIPT, "x y")
    assert above.stdout == f"x y above {images.token} 7 /work\n", above.stderr
    assert above.returncode == 7
    assert loaded(above) == f"Loading 0.0 MB into {engine}"
    # Nothing, now that it is there.
    again = images.run("above", SCRIPT, "again")
    assert again.stdout == f"again above {images.token} 7 /work\n"
    assert not loaded(again)
    for name in ("above", "shell"):
        images.remove(name)
    removed = images.run("above", SCRIPT, "removed")
    assert removed.stdout == f"removed above {images.token} 7 /work\n", removed.stderr
    assert re.fullmatch(loading, loaded(removed))


def test_redis_serves_until_it_is_interrupted(
    declared: Repository, docker: ContainerEngine, redis_cli: RedisCli
) -> None:
    port = str(free_port())
    options = [f"--lading-container-options={option}" for option in docker.run_options]
    words = ["redis-server", "--port", port, "--protected-mode", "no"]
    process = subprocess.Popen(
        [str(declared.root / "pants"), "run", *options, "//images:redis", "--", *words],
        cwd=declared.root,
        env=declared.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=interruptible,
    )
    deadline = time.monotonic() + 60
    while not _answers(redis_cli, port):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert "Redis is now ready to exit, bye bye..." in output
    assert not _answers(redis_cli, port)


def _answers(redis_cli: RedisCli, port: str) -> bool:
    try:
        return redis_cli("-p", port, "ping") == "PONG\n"
    except subprocess.CalledProcessError:
        return False


class TestWithoutEither:
    @pytest.fixture(scope="class")
    def alone(self, declared: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
        """Where there is neither docker nor podman."""
        programs = tmp_path_factory.mktemp("programs")
        for name in ("docker", "podman"):
            (programs / name).write_text("#!/bin/sh\necho there is none >&2\nexit 1\n")
            (programs / name).chmod(0o755)
        path = f"{programs}:{declared.environ['PATH']}"
        return replace(declared, environ={**declared.environ, "PATH": path})

    def test_it_is_told_what_to_do(self, alone: Repository) -> None:
        finished = alone.try_pants("run", "//images:redis", "--", "redis-server", "--version")
        assert finished.returncode == 65
        assert finished.stderr.splitlines()[-1] == (
            "lading: error: no container engine can run the image: docker does not answer (there "
            "is none); podman does not answer (there is none). Install or start one, or use "
            "`--no-daemon`, which runs the image without any."
        )

    def test_the_program_runs_in_namespaces(self, alone: Repository) -> None:
        words = ["run", "//images:redis", "--no-daemon", "--", "redis-server", "--version"]
        assert alone.pants(*words).stdout.startswith("Redis server v=7.0.15 ")

    def test_with_the_image_s_config_and_status(self, alone: Repository, token: str) -> None:
        finished = alone.try_pants("run", "--no-daemon", "ran:above", "--", SCRIPT, "x y")
        assert finished.stdout == f"x y above {token} 7 /work\n", finished.stderr
        assert finished.returncode == 7

    def test_with_the_options_in_pants_toml(self, alone: Repository, token: str) -> None:
        finished = alone.pants("--lading-container-engine=none", "run", "ran:shell")
        assert finished.stdout == f"cmd {token}\n"
