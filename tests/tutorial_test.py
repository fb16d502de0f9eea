"""docs/tutorial.md, and docs/packaging.md after it, typed as they stand: outside the repository,
with Lading installed as a wheel."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Tuple

import pytest
from conftest import BUILD_ROOT, ContainerEngine
from repository import QUICK_START, Repository

#: A file with its name in front, or commands.
_BLOCK = re.compile(r"(?:^`(?P<name>\S+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def environ(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """That of somebody whose index has `pants-lading`."""
    repository.pants("package", "//:pants-lading")
    programs = tmp_path_factory.mktemp("programs")
    (programs / "python3.9").symlink_to(os.path.realpath(sys.executable))
    environ: Dict[str, str] = {
        # With caches, in which there is what other tests have packaged.
        **repository.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PIP_FIND_LINKS": str(repository.root / "dist"),
        "PANTS_PYTHON_REPOS_FIND_LINKS": f"['{(repository.root / 'dist').as_uri()}']",
    }
    # The daemons' files are in the directory of the tutorial, whose backends it chooses.
    for name in ("PANTS_SUBPROCESSDIR", *QUICK_START):
        environ.pop(name, None)
    return environ


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, docker: ContainerEngine) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("tutorial")
    try:
        yield directory
    finally:
        _stop_pantsd(directory / "monorepo")
        for image in ("site", "hello", "greeting"):
            subprocess.run(["docker", "image", "rm", "--force", image], check=False)


def blocks(page_name: str) -> List[Tuple[str, str, str]]:
    """(name, kind, text) of each block of the page."""
    page = (BUILD_ROOT / "docs" / page_name).read_text()
    return [(match["name"] or "", match["kind"], match["text"]) for match in _BLOCK.finditer(page)]


def test_the_pages_do_what_they_say(workspace: Path, environ: Mapping[str, str]) -> None:
    *_, site, hello, changed = typed("tutorial.md", workspace, environ)
    assert "<p>Hello from a monorepo.\n" in site
    assert "<h1>Hello from a wheel</h1>" in hello
    assert "<h1>Hello from the monorepo</h1>" in changed
    (greeting,) = typed("packaging.md", workspace, environ)
    assert "Hello, world!\n" in greeting


def typed(page_name: str, workspace: Path, environ: Mapping[str, str]) -> List[str]:
    """What the page's commands print, after its files are written."""
    root, printed = workspace / "monorepo", []
    for name, kind, text in blocks(page_name):
        if name:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        elif kind == "sh":
            directory = root if root.exists() else workspace
            printed.append(_run(text, directory, environ))
    return printed


def _run(commands: str, directory: Path, environ: Mapping[str, str]) -> str:
    finished = subprocess.run(
        ["sh", "-ec", commands],
        cwd=directory,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=900,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def _stop_pantsd(root: Path) -> None:
    for file in root.glob(".pids/*/pantsd/pid"):
        with suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGTERM)
    time.sleep(0.5)
