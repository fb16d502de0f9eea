"""The sandbox for root without namespaces, as in a container with docker's default rights.

A build runs in a chroot with the declared inputs, as a user of its own without any capability,
under a filter of system calls that refuses all sockets but unix ones. probes_test.py tries what a
build can't do there. It does see the host's name, kernel and System V IPC, and its /proc is empty.
"""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence, Tuple

from lading.files.linked_tree import link_tree
from lading.files.tree import walk
from lading.namespaces.claimed_user import ClaimedUser
from lading.namespaces.devices import DEVICES
from lading.store.build import chroot_main
from lading.store.build.chroot_main import ChrootRequest
from lading.store.build.sandbox import MERGED, Sandbox
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown
from lading.values.json_codec import to_json

#: The length of a machine's name that is not in files by chance, if it has a digit.
_LEAST_NAME = 6


@dataclass(frozen=True)
class ChrootSandbox(Sandbox):
    """Directories and devices belong to root, except for those that the build may write to. The
    files of inputs are hard links into caches, which nobody but root may write."""

    claimed: ClaimedUser

    @property
    def root(self) -> Path:
        return self.work / "root"

    @property
    def user(self) -> int:
        return self.claimed.id

    @property
    def owner(self) -> Optional[int]:
        return self.user

    @property
    def traces(self) -> Tuple[str, ...]:
        name = socket.gethostname()
        is_telling = len(name) >= _LEAST_NAME and any(map(str.isdigit, name))
        names = (name,) if is_telling else ()
        return (*names, str(self.root), str(self.user))

    def prepare(self) -> None:
        super().prepare()
        _check_mount(self.root)
        for path in ("", "dev", "dev/shm", "proc", "tmp"):
            (self.root / path).mkdir(exist_ok=True)
        # A build may replace `$out`, but not remove inputs.
        os.chmod(self.root / "store", 0o1777)
        self._make_devices()
        link_tree(self.build_root / "usr", self.root / "usr")
        for name in MERGED:
            if (self.build_root / "usr" / name).is_dir():
                (self.root / name).symlink_to(f"usr/{name}")
        self._link_etc()
        for package, directory in self.dependencies:
            link_tree(directory, self.root / "store" / package.base)

    def _make_devices(self) -> None:
        for name in filter(lambda name: os.path.exists(f"/dev/{name}"), DEVICES):
            device = self.root / "dev" / name
            try:
                os.mknod(device, 0o600 | stat.S_IFCHR, os.stat(f"/dev/{name}").st_rdev)
            except PermissionError as error:
                raise LadingError(
                    f"the build sandbox can't be made in a chroot, since this container may not "
                    f"make devices ({error.strerror}): run it without a user namespace of its own."
                ) from error
            os.chmod(device, 0o666)

    def _link_etc(self) -> None:
        own, theirs = self.root / "etc", self.build_root / "etc"
        for name in os.listdir(theirs) if theirs.is_dir() else ():
            if not (own / name).exists():
                link_tree(theirs / name, own / name)

    def hand_over(self) -> None:
        for directory in (*self._own_directories(), *self._outputs()):
            os.chown(directory, self.user, self.user)

    def _own_directories(self) -> Iterator[Path]:
        for path in ("build", "tmp", "dev/shm"):
            yield self.root / path

    def _outputs(self) -> Iterator[Path]:
        inputs = {package.base for package, _ in self.dependencies}
        for entry in (self.root / "store").iterdir():
            if entry.name not in inputs and entry.is_dir() and not entry.is_symlink():
                yield entry

    def _check_output(self) -> None:
        for output in self._outputs():
            self._check_owner(output)

    def _check_owner(self, output: Path) -> None:
        """Raises `LadingError` for a file that is not the build's own: a hard link to an input,
        which must not be changed afterwards. Some kernels let everybody make one."""
        for entry in walk(output):
            if not entry.is_directory and entry.status.st_uid != self.user:
                raise LadingError(
                    f"`script` made $out/{shown(printable(entry.path))} a hard link to a file that "
                    "is not its own: copy the file instead."
                )

    def _written(self) -> Tuple[Path, ...]:
        return (self.root / "store", *self._own_directories())

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], output: int, events: int
    ) -> "subprocess.Popen[bytes]":
        request = ChrootRequest(
            root=str(self.root),
            user=self.user,
            parent=os.getpid(),
            command=tuple(command),
            environment=dict(environment),
        )
        with tempfile.TemporaryFile() as file:
            file.write(to_json(request).encode("utf-8"))
            file.seek(0)
            # With the lock, nobody has the user's id before the last process has ended.
            kept = (file.fileno(), events, self.claimed.lock)
            return subprocess.Popen(
                [sys.executable, "-S", "-m", chroot_main.__name__, *map(str, kept)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=kept,
                env={"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            )

    def _refusal(self, words: str) -> str:
        return (
            f"the build sandbox can't be made in a chroot ({words}): run Pants as root in a "
            "container with docker's default settings, or where namespaces are allowed."
        )


def _check_mount(directory: Path) -> None:
    flags = os.statvfs(directory).f_flag
    for name, flag in (("noexec", os.ST_NOEXEC), ("nodev", os.ST_NODEV)):
        if flags & flag:
            raise LadingError(
                f"builds can't run in a chroot below {directory}, whose file system is mounted "
                f"with the option {name}: let `local_execution_root_dir` in [GLOBAL] of "
                "pants.toml name a directory of another file system."
            )
