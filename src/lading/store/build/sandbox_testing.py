"""Sandboxes of both kinds, and a shell in them."""

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from lading.namespaces.claimed_user import claimed_user
from lading.namespaces.limits import Limits
from lading.store.build.bubblewrap import BubblewrapSandbox
from lading.store.build.chroot import ChrootSandbox
from lading.store.build.host_programs_testing import bubblewrap
from lading.store.build.sandbox import Sandbox
from lading.values.path import StorePath

#: The kinds of sandboxes that whoever runs the tests can make.
SANDBOXES = ("namespaces",) if os.geteuid() else ("namespaces", "chroot")

LIBRARY = StorePath("1" * 32, "library-1")
PATH = {"PATH": "/usr/bin"}


@contextmanager
def sandbox_of_kind(
    kind: str, build_root: Path, directory: Path, dependencies: Tuple[Tuple[StorePath, Path], ...]
) -> Iterator[Sandbox]:
    """A sandbox, one of `SANDBOXES`, below `directory`. Builds can start in it."""
    work = directory / "work"
    with claimed_user() as user:
        sandbox: Sandbox = ChrootSandbox(build_root, work, dependencies, user)
        if kind == "namespaces":
            sandbox = BubblewrapSandbox(build_root, work, dependencies, bubblewrap())
        sandbox.prepare()
        sandbox.hand_over()
        yield sandbox


def make_library(directory: Path) -> Tuple[Tuple[StorePath, Path], ...]:
    """A dependency of builds, unpacked below `directory`."""
    library = directory / "unpacked" / LIBRARY.base
    (library / "lib").mkdir(parents=True)
    (library / "lib" / "x").write_text("x")
    return ((LIBRARY, library),)


@dataclass(frozen=True)
class Shell:
    """Runs shell scripts in a sandbox."""

    sandbox: Sandbox

    def __call__(self, script: str, environment: Optional[Dict[str, str]] = None) -> str:
        """Returns the script's output; it must succeed."""
        status, output = self.run(["/bin/bash", "-c", script], environment)
        assert status == 0, output
        return output

    def status(self, script: str) -> int:
        return self.run(["/bin/bash", "-c", script])[0]

    def run(
        self, command: List[str], environment: Optional[Dict[str, str]] = None
    ) -> Tuple[int, str]:
        with tempfile.NamedTemporaryFile() as log:
            status = self.sandbox.run(
                command, PATH if environment is None else environment, log, Limits()
            )
            return status, Path(log.name).read_text(encoding="utf-8")


def is_running(marker: str) -> bool:
    """Whether a process of this machine has `marker` among its arguments."""
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (directory / "cmdline").read_bytes().decode("utf-8", "replace"):
                return True
        except OSError:
            continue
    return False
