"""Which sandbox builds on this machine run in.

The choice is the user's or the machine's, and nothing of it is in a derivation or a cache key. Like
limits, it is in a directory that Pants links into the sandbox of the program.
"""

import os
import subprocess
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Iterator, Optional, Sequence, Tuple

from lading.namespaces.build_user import BUILD_USER, Stage, staged_for_build_user
from lading.namespaces.capabilities import missing_capabilities
from lading.namespaces.claimed_user import claimed_user
from lading.namespaces.kernel_setting import NAMESPACE_SETTINGS
from lading.namespaces.limits import LIMITS_DIR
from lading.store.build.bubblewrap import BubblewrapSandbox, find_bubblewrap
from lading.store.build.chroot import ChrootSandbox
from lading.store.build.sandbox import Sandbox
from lading.values.errors import LadingError
from lading.values.path import StorePath

#: The file in `LIMITS_DIR` with one of the values of `SandboxKind`.
SANDBOX_FILE = "sandbox"

# Seconds for an empty command in namespaces.
_PATIENCE = 60


class SandboxKind(Enum):
    """The values of `[lading].sandbox`."""

    AUTO = "auto"
    NAMESPACES = "namespaces"
    CHROOT = "chroot"


def needs_chroot(directory: str = LIMITS_DIR) -> bool:
    """Whether builds run in a chroot: if the user wants it, or if root can't have namespaces.

    Raises `LadingError` if the user wants it and it is not possible.
    """
    kind = SandboxKind.AUTO
    with suppress(FileNotFoundError):
        kind = SandboxKind(Path(directory, SANDBOX_FILE).read_text(encoding="ascii"))
    if kind == SandboxKind.NAMESPACES or (kind == SandboxKind.AUTO and os.geteuid()):
        return False
    missing = missing_capabilities()
    if kind == SandboxKind.AUTO:
        return not missing and not _has_namespaces(find_bubblewrap())
    if missing:
        raise LadingError(
            f"builds can't run in a chroot, as `[lading].sandbox` says: this process lacks "
            f"{', '.join(missing)}. Run Pants as root, in a container with docker's default "
            'capabilities (podman: `--cap-add=MKNOD`), or set the option to "auto".'
        )
    return True


def _has_namespaces(bubblewrap: str) -> bool:
    """Whether bubblewrap can make all that a build needs."""
    argv = [bubblewrap, "--unshare-all", "--unshare-user", "--ro-bind", "/", "/"]
    with suppress(OSError, subprocess.TimeoutExpired):
        tried = subprocess.run(
            [*argv, "--proc", "/proc", "--dev", "/dev", "--", "/bin/sh", "-c", ":"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            env={},
        )
        return tried.returncode == 0
    return False


@contextmanager
def chosen_sandbox(
    in_chroot: bool,
    build_root: Path,
    work: Path,
    dependencies: Tuple[Tuple[StorePath, Path], ...],
) -> Iterator[Sandbox]:
    """The sandbox for one build, with a user of its own if root runs it."""
    if in_chroot:
        with claimed_user() as user:
            yield ChrootSandbox(build_root, work, dependencies, user)
    else:
        shared = [build_root, *(directory for _, directory in dependencies)]
        with _stage(work, shared) as stage:
            yield BubblewrapSandbox(build_root, work, dependencies, find_bubblewrap(), stage)


@contextmanager
def _stage(work: Path, shared: Sequence[Path]) -> Iterator[Optional[Stage]]:
    """The stage in which the build user runs a build that root started; None if users run their own
    builds."""
    if any(setting.forbids(BUILD_USER) for setting in NAMESPACE_SETTINGS):
        yield None
        return
    place = Path("stage").absolute()
    place.mkdir()
    names = {directory: f"shared-{number}" for number, directory in enumerate(shared)}
    with staged_for_build_user(place, {work: "work"}, names) as stage:
        yield stage
