"""Configs of odd shapes: what `docker load` takes is what a base may have."""

import copy
import hashlib
import io
import json
import random
import subprocess
import tarfile
from typing import Any, Iterator, List, Tuple

from conftest import ContainerEngine

CASES = 40

LAYER = bytes(10240)  # an archive without members

CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "os.version": "1",
    "os.features": ["x"],
    "variant": "v1",
    "created": "2024-01-01T00:00:00Z",
    "author": "a",
    "comment": "c",
    "docker_version": "20",
    "container_config": {"User": "x"},
    "config": {
        "User": "0",
        "ExposedPorts": {"80/tcp": {}},
        "Env": ["A=1"],
        "Entrypoint": ["x"],
        "Cmd": ["y"],
        "Healthcheck": {"Test": ["NONE"], "Interval": 5, "Retries": 2},
        "Volumes": {"/x": {}},
        "WorkingDir": "/",
        "Labels": {"a": "b"},
        "OnBuild": ["RUN x"],
        "Shell": ["sh"],
        "StopSignal": "SIGINT",
        "StopTimeout": 5,
        "Tty": False,
    },
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(LAYER).hexdigest()]},
    "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "x", "empty_layer": False}],
}

VALUES: List[Any] = [None, True, 5, -1, 1.5, 1 << 63, "", "x", [], ["x"], [5], [None], {}, {"x": 5}]


def test_what_docker_loads_is_taken_and_nothing_else(docker: ContainerEngine) -> None:
    from lading.image.config.config_type import read_config
    from lading.image.config.go_json import MalformedError

    random_numbers = random.Random(13)
    outcomes = set()
    for _ in range(CASES):
        config = _odd(random_numbers)
        try:
            read_config(config)
            taken = True
        except MalformedError:
            taken = False
        loaded, printed = _load(docker, config)
        assert taken == loaded, f"{json.dumps(config)}: {printed}"
        outcomes.add(taken)
    assert outcomes == {True, False}


def _odd(random_numbers: random.Random) -> Any:
    """A config with another value in one place, or another spelling of one key."""
    config = copy.deepcopy(CONFIG)
    # Without a root file system, or with another one, it is refused for that.
    places = [place for place in _places(config) if place[1] not in ("rootfs", "diff_ids", 0, "os")]
    container, key = random_numbers.choice(places)
    if random_numbers.random() < 0.1:
        container[key.swapcase()] = container.pop(key)
    else:
        container[key] = random_numbers.choice(VALUES)
    return config


def _places(value: Any) -> Iterator[Tuple[Any, Any]]:
    inner = value if isinstance(value, dict) else range(len(value))
    for key in inner:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


def _load(docker: ContainerEngine, config: Any) -> Tuple[bool, str]:
    manifest = [{"Config": "config", "RepoTags": None, "Layers": ["layer"]}]
    files = {"config": json.dumps(config), "manifest.json": json.dumps(manifest)}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, data in [
            ("layer", LAYER),
            *((name, text.encode()) for name, text in files.items()),
        ]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    process = subprocess.run(
        [*docker.command, "load", "--quiet"],
        input=archive.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed = process.stdout.decode()
    if process.returncode == 0:
        docker("image", "rm", "--force", printed.strip().rpartition(" ")[2])
    return process.returncode == 0, printed
