"""What a build script can reach: what was declared, and nothing of the machine.

One package tries everything and writes down what came of it; the tests read that.
"""

import os
import socket
import tarfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Iterator, Mapping

import pytest
from repository import Repository

#: The name of what the script writes where it should not.
STRAY = f"lading-stray-{os.getpid()}"

# `try` notes a command's status and output. The tree may not contain paths of the build directory.
SCRIPT = """
mkdir $out/tried
try() {{
    local name=$1 status=0
    shift
    "$@" > /tmp/output 2>&1 < /dev/null || status=$?
    {{ echo $status; sed 's,/build/source,$src,g' /tmp/output; }} > $out/tried/$name
}}

connect_to_socket() {{
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(chr(0) + "{abstract}")'
}}

try internet timeout 9 bash -c '> /dev/tcp/1.1.1.1/53'
try loopback timeout 9 bash -c '> /dev/tcp/127.0.0.1/{port}'
try abstract connect_to_socket
try names timeout 9 getent hosts example.org
try interfaces sed 's/:.*//' /proc/net/dev

try root ls /
try users cat /etc/passwd
try host_name uname -n
try machine cat /etc/hostname
try home ls /root /home
try repository ls '{repository}'
try user id
try processes bash -c 'ls -d /proc/[0-9]*'
try variables bash -c 'compgen -e'
try capabilities grep Eff /proc/self/status

try write_usr touch /usr/{stray}
try write_dependency touch $glibc/{stray}
try write_inputs touch /lading/{stray}
try write_etc touch /etc/{stray}
try write_top touch /{stray}
try write_tmp touch /tmp/{stray}
try write_build touch /build/{stray}
try write_device mknod $out/null c 1 3
try change_root chroot / true
"""

BUILD = """
store_package(
    name="explorer",
    version="1",
    dependencies=["//3rdparty/glibc"],
    script={script!r},
)
"""


def _serve(listener: socket.socket) -> None:
    """Greet everybody."""

    def greet() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # it has been shut down
                return
            connection.close()

    listener.listen()
    threading.Thread(target=greet, daemon=True).start()


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Listens on the machine's 127.0.0.1."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        _serve(listener)
        yield listener
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def abstract_listener() -> Iterator[socket.socket]:
    """Listens where no file system but the network namespace decides who can connect."""
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(f"\0{STRAY}")
        _serve(listener)
        yield listener
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def tried(
    repository: Repository, listener: socket.socket, abstract_listener: socket.socket
) -> Mapping[str, str]:
    """For each attempt its status, 0 being success, and below it what it printed."""
    for reachable in (listener, abstract_listener):
        with closing(socket.socket(reachable.family)) as control:
            control.connect(reachable.getsockname())
    script = SCRIPT.format(
        abstract=STRAY,
        port=listener.getsockname()[1],
        repository=repository.root,
        stray=STRAY,
    )
    directory = repository.root / "isolation"
    directory.mkdir()
    (directory / "BUILD").write_text(BUILD.format(script=script))
    try:
        repository.pants("package", "isolation:explorer")
    finally:
        (directory / "BUILD").unlink()
        directory.rmdir()
    return _tried(repository.root / "dist/isolation/explorer/segment.tar")


def _tried(segment: Path) -> Mapping[str, str]:
    with tarfile.open(segment) as archive:
        return {
            member.name.rpartition("/")[2]: file.read().decode()
            for member in archive
            for file in [archive.extractfile(member)]
            if file is not None
        }


@pytest.mark.parametrize(
    "attempt, reason",
    [
        ("internet", "Network is unreachable"),
        ("loopback", "Connection refused"),
        ("abstract", "Connection refused"),
        ("names", ""),
    ],
)
def test_no_network(tried: Mapping[str, str], attempt: str, reason: str) -> None:
    assert not tried[attempt].startswith("0\n")
    assert reason in tried[attempt]


def test_no_network_interface_but_its_own_loopback(tried: Mapping[str, str]) -> None:
    assert tried["interfaces"].split()[-1:] == ["lo"]


def test_nothing_but_the_build_root_and_inputs_is_there(tried: Mapping[str, str]) -> None:
    status, *names = tried["root"].split()
    assert status == "0"
    libraries = {"lib32", "lib64", "libx32"}  # as the architecture has them
    assert set(names) - libraries == {
        *("bin", "build", "dev", "etc", "lading", "lib", "proc", "sbin", "store", "tmp", "usr")
    }


def test_users_are_those_of_the_sandbox(tried: Mapping[str, str]) -> None:
    assert tried["users"] == (
        "0\n"
        "root:x:0:0:root:/root:/bin/sh\n"
        "builder:x:1000:1000:builder:/build:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"
    )
    assert tried["user"] == "0\nuid=1000(builder) gid=1000(builder) groups=1000(builder)\n"
    assert int(tried["capabilities"].split()[-1], 16) == 0


@pytest.mark.parametrize("attempt", ["machine", "home", "repository"])
def test_files_of_the_machine_are_not_there(tried: Mapping[str, str], attempt: str) -> None:
    assert not tried[attempt].startswith("0\n")
    assert "No such file or directory" in tried[attempt]


def test_the_host_name_is_fixed(tried: Mapping[str, str]) -> None:
    assert tried["host_name"] == "0\nlading\n"


def test_processes_of_the_machine_are_not_there(tried: Mapping[str, str]) -> None:
    status, first, *rest = tried["processes"].split()
    assert (status, first) == ("0", "/proc/1")
    assert len(rest) < 5


def test_variables_are_those_of_the_sandbox(tried: Mapping[str, str]) -> None:
    status, *names = tried["variables"].split()
    assert status == "0"
    assert set(names) - {"_", "OLDPWD", "PWD", "SHLVL"} == {
        *("CMAKE_PREFIX_PATH", "COMPILER_PATH", "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH", "HOME"),
        *("JOBS", "LADING_LDFLAGS", "LANG", "LC_ALL", "LIBRARY_PATH", "PATH", "PKG_CONFIG_PATH"),
        *("SHELL", "SOURCE_DATE_EPOCH", "TERM", "TMPDIR", "TZ", "USER"),
        *("glibc", "out", "sources", "src"),
    }


@pytest.mark.parametrize("attempt", ["write_usr", "write_dependency", "write_inputs"])
def test_inputs_cannot_be_written(tried: Mapping[str, str], attempt: str) -> None:
    assert tried[attempt].startswith("1\n")
    assert "Read-only file system" in tried[attempt]


@pytest.mark.parametrize("attempt", ["write_device", "change_root"])
def test_what_takes_privileges_fails(tried: Mapping[str, str], attempt: str) -> None:
    assert not tried[attempt].startswith("0\n")
    assert "Operation not permitted" in tried[attempt]


@pytest.mark.parametrize("directory", ["/etc", "/", "/tmp", "/build"])
def test_what_is_written_elsewhere_is_gone(tried: Mapping[str, str], directory: str) -> None:
    assert "write_tmp" in tried
    assert not Path(directory, STRAY).exists()
