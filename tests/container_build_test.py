"""Builds as root in a container with docker's default rights, where nobody can create namespaces.

The program that builds is started without Pants, which would only cost time.
"""

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path
from typing import Callable, Iterator

import pytest

from lading.runtime.program_files import program_files
from lading.store.build.host_programs_testing import install_bubblewrap, make_programs_deb
from lading.store.request import RealiseRequest
from lading.values.json_codec import to_json
from lading.values.path import StorePath

PYTHON = "/usr/bin/python3"

SCRIPT = """
    mkdir $out/share
    echo hello > x
    install -m 644 x $out/share/x
    id -un > $out/user
    umask > $out/umask
    stat --format '%a %n' /usr/bin/env $out /build /tmp > $out/modes
    ln -s share/x $out/y
"""


@pytest.fixture
def image(docker: Callable[..., str]) -> Iterator[str]:
    """Links to a /usr that is mounted when a container runs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("bin", "lib", "lib64", "sbin"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
    imported = subprocess.run(
        ["docker", "import", "-"], input=buffer.getvalue(), stdout=subprocess.PIPE, check=True
    )
    name = imported.stdout.decode().strip()
    yield name
    docker("rmi", name)


def lay_out(directory: Path) -> None:
    """What Pants would put into a sandbox of the program."""
    install_bubblewrap(directory / ".lading" / "bubblewrap")
    (directory / ".lading" / "cache").mkdir()
    deb = make_programs_deb(directory / "programs.deb")
    for name, content in program_files("lading.store.build.realise").items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    request = RealiseRequest(
        path=StorePath("0" * 32, "built-1"),
        script=SCRIPT,
        env={},
        strip="none",
        source=None,
        further_sources=(),
        patches=(),
        inputs=(),
        debs={hashlib.sha256(deb.read_bytes()).hexdigest(): "programs.deb"},
        alternatives={},
    )
    (directory / "request.json").write_text(to_json(request))


def test_a_build_in_a_plain_container_gives_the_same_bytes(
    image: str, docker: Callable[..., str], tmp_path: Path
) -> None:
    program = [PYTHON, "-B", "-m", "lading.store.build.realise", "request.json"]
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for directory in (inside, outside):
        lay_out(directory)
    docker(
        *("run", "--rm", "--network=none", "--hostname=runner-17"),
        *(f"--volume={inside}:/sandbox", "--volume=/usr:/usr:ro", "--workdir=/sandbox"),
        *("--env=PYTHONPATH=/sandbox", image, *program),
    )
    subprocess.run(program, cwd=outside, env={"PYTHONPATH": str(outside)}, check=True)
    assert (inside / "work" / "root").exists(), "the build was in a chroot"
    assert not (outside / "work" / "root").exists()
    for name in ("segment.tar", "package.json", "members.json"):
        assert (inside / name).read_bytes() == (outside / name).read_bytes()
