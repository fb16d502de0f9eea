"""`./pants test` on real images, without an engine, in docker and in podman."""

from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest
from repository import Repository

BUILD = """
docker_image_test(
    name="green",
    image="//images:redis",
    commands=[
        {"run": ["redis-server", "--version"], "stdout": ["v=7\\\\.0\\\\.15"]},
        {"args": ["redis-cli", "ping"], "stderr": "Connection refused", "exit_code": 1},
    ],
    files={
        "/data": {"type": "directory", "mode": "0755", "owner": "redis:redis"},
        "/etc/passwd": {"contains": ["^redis:x:999:"], "lacks": "mysql"},
        "/bin/redis-server": {"target": "{//3rdparty/redis}/bin/redis-server", "mode": "0555"},
        "/bin/gcc": None,
    },
    config={"entrypoint": ["{//images:redis-entrypoint.sh}"], "volumes": ["/data"]},
    max_size="20 MB",
    max_compressed_size="10 MB",
    must_not_contain=["//3rdparty/gcc:libgcc", "gcc", "*-dev"],
    container_structure_tests=["redis.yaml"],
)

docker_image_test(
    name="red",
    image="//images:redis",
    commands=[{"run": ["redis-server", "--version"], "stdout": "v=8"}, {"run": ["gcc"]}],
    files={"/data": {"mode": "0700", "owner": "root:root"}, "/bin/redis-cli": None},
    max_size="1 MB",
    must_not_contain=["//3rdparty/glibc"],
)

[
    docker_image_test(
        name=engine,
        image="//images:redis",
        engine=engine,
        commands=[
            {"run": ["redis-server", "--version"], "stdout": ["v=7\\\\.0\\\\.15"]},
            {"run": ["redis-cli", "ping"], "stderr": "Connection refused", "exit_code": 1},
            {"args": ["redis-cli", "--version"], "stdout": "7.0.15"},
            {
                "run": ["{//3rdparty/bash}/bin/bash", "-c", 'echo "$A $HOME $PWD"; exit 7'],
                "env": {"A": "b c"},
                "user": "redis",
                "working_dir": "/tmp",
                "stdout": "^b c /data /tmp$",
                "exit_code": 7,
            },
            {
                "run": ["{//3rdparty/bash}/bin/bash"],
                "stdin": "echo out; echo err >&2",
                "stdout": "^out$",
                "stderr": "^err$",
            },
        ],
        container_structure_tests=["redis.yaml"],
    )
    for engine in ["namespaces", "docker", "podman"]
]

[
    docker_image_test(
        name=engine + "-red",
        image="//images:redis",
        engine=engine,
        commands=[
            {"run": ["redis-server", "--version"], "exit_code": 1},
            {"run": ["no"]},
            {"args": []},
        ],
        timeout=5,
    )
    for engine in ["namespaces", "docker", "podman"]
]
"""

STRUCTURE = """
schemaVersion: 2.0.0
globalEnvVars: [{key: GREETING, value: "hello $X"}]
commandTests:
- {name: version, command: redis-server, args: [--version], expectedOutput: ['v=7\\.0\\.15']}
- name: setup
  setup: [[redis-cli, --version]]
  command: redis-cli
  args: ["$GREETING"]
  expectedError: ['refused\\n$']
  exitCode: 1
fileExistenceTests:
- {name: data, path: /data, permissions: drwxr-xr-x, uid: 999, gid: 999}
- {name: no gcc, path: /usr/bin/gcc, shouldExist: false}
fileContentTests:
- {name: passwd, path: /etc/passwd, expectedContents: ['redis:x:999:999']}
metadataTest: {workdir: /data, exposedPorts: [6379], volumes: [/data]}
"""

RED = """\
✗ command redis-server --version
  stdout does not match: v=8
  its stdout:
      Redis server v=7.0.15"""

#: podman in places that allow little: see `podman` in conftest.py.
CONTAINERS_CONF = """
[engine]
runtime = "runc"
[engine.runtimes]
runc = ["/usr/sbin/runc"]
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
"""


@pytest.fixture(scope="module")
def tested(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Repository]:
    """With the tests above in `structure`."""
    conf = tmp_path_factory.mktemp("containers") / "containers.conf"
    conf.write_text(CONTAINERS_CONF)
    environ = {**repository.environ, "CONTAINERS_CONF": str(conf)}
    with repository.declared("structure", BUILD):
        Path(repository.root, "structure/redis.yaml").write_text(STRUCTURE)
        yield replace(repository, environ=environ)


def test_an_image_that_is_right_is_tested_once(tested: Repository) -> None:
    assert "✓ structure:green succeeded in " in tested.pants("test", "structure:green").stderr
    again = tested.pants("test", "structure:green").stderr
    assert "✓ structure:green succeeded" in again and "(memoized)" in again
    tested.stop_pantsd()
    later = tested.pants("test", "--test-output=all", "structure:green").stderr
    assert "(cached locally)" in later and "✓ config volumes" in later


def test_all_that_is_wrong_is_told(tested: Repository) -> None:
    finished = tested.try_pants("test", "structure:red", "structure:green")
    assert finished.returncode == 1
    output = finished.stderr
    assert RED in output
    assert "✗ command gcc\n  gcc can't be run: No such file or directory (PATH is /" in output
    assert "  exists: expected no, actual a symlink to /store/" in output
    assert (
        "  mode: expected 0700, actual 0755\n  user: expected 0 (root), actual 999 (redis)"
        in output
    )
    assert "✗ max_size\n  size: expected at most 1.00 MB, actual 1" in output
    assert "refers to /store/" in output and "in 'bin/redis-cli'" in output
    assert "6 of 6 checks failed." in output
    assert "✓ structure:green succeeded" in output and "✕ structure:red failed" in output


@pytest.mark.parametrize("engine", ["namespaces", "docker", "podman"])
def test_engines_agree(engine: str, tested: Repository, request: pytest.FixtureRequest) -> None:
    program = None if engine == "namespaces" else request.getfixturevalue(engine)
    finished = tested.try_pants("test", f"structure:{engine}", f"structure:{engine}-red")
    output = finished.stderr
    assert f"✓ structure:{engine} succeeded" in output, output
    assert f"✕ structure:{engine}-red failed" in output
    assert "  exit_code: expected 1, actual 0\n  its stdout:\n      Redis server v=7.0.15" in output
    assert "✗ command no\n" in output and "can't be run: " in output
    assert "✗ command [entrypoint]\n  it was still running when the time that `timeout`" in output
    assert "Ready to accept connections" in output
    assert "3 of 3 checks failed." in output
    if program is not None:
        assert "lading-test" not in program("image", "ls", "--format", "{{.Repository}}")


def test_a_change_of_the_image_selects_its_tests(tested: Repository) -> None:
    with tested.edited("3rdparty/redis/BUILD", "# A client for load tests", "# It"):
        changed = tested.pants("--changed-since=HEAD", "--changed-dependents=transitive", "list")
    assert {"structure:green", "structure:docker"} <= set(changed.stdout.split())
