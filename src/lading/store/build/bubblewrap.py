"""The sandbox that bubblewrap makes, with namespaces for users, mounts, processes, network, host
name and IPC. probes_test.py tries what a build can't do there."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, Mapping, Optional, Sequence, Tuple

from lading.namespaces.build_user import Stage
from lading.namespaces.capabilities import missing_capabilities
from lading.namespaces.devices import protect_devices
from lading.namespaces.hidden import HIDDEN_DIRECTORIES, HIDDEN_FILES
from lading.namespaces.kernel_setting import NAMESPACE_SETTINGS
from lading.namespaces.seccomp import system_call_filter
from lading.store.build.sandbox import MERGED, Sandbox
from lading.values.counted import counted
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR

#: Where Pants puts the bubblewrap that comes with Lading, for hosts without one.
BUNDLED_BUBBLEWRAP = ".lading/bubblewrap/bwrap"

#: Where a host's own bubblewrap may be, in the order in which the paths are tried.
HOST_BUBBLEWRAPS = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")

#: User and group id of a build, whoever runs it.
BUILDER_ID = 1000

# bubblewrap's MAX_ARGS is 9000 and includes options read from a file. The rest is for the command.
_MOST_ARGUMENTS = 8500


def find_bubblewrap() -> str:
    """The host's bubblewrap, or else the one that comes with Lading.

    The host's comes first because Ubuntu 24.04 lets only that one create namespaces (its AppArmor
    profile goes by path).
    """
    for host in HOST_BUBBLEWRAPS:
        if os.path.exists(host):
            return host
    if os.path.exists(BUNDLED_BUBBLEWRAP):
        return os.path.abspath(BUNDLED_BUBBLEWRAP)
    raise LadingError(
        "builds need bubblewrap, which is not installed: install the package " "bubblewrap."
    )


@dataclass(frozen=True)
class BubblewrapSandbox(Sandbox):
    """`bubblewrap` is the program. If `stage` is set, the build user runs the build and sees all
    directories elsewhere."""

    bubblewrap: str
    stage: Optional[Stage] = None

    @property
    def user(self) -> int:
        return BUILDER_ID

    def prepare(self) -> None:
        super().prepare()
        if self.stage and self.bubblewrap not in HOST_BUBBLEWRAPS:
            # The build user can't run anything below root's home.
            for directory in _bundle(self.bubblewrap):
                shutil.copytree(directory, self.work / "bubblewrap" / directory.name)

    def hand_over(self) -> None:
        if self.stage:
            self.stage.give()

    @property
    def _program(self) -> str:
        if self.stage is None or self.bubblewrap in HOST_BUBBLEWRAPS:
            return self.bubblewrap
        package = _bundle(self.bubblewrap)[0].name
        return self._seen(self.work / "bubblewrap" / package / "_bin" / "bwrap")

    def _seen(self, path: Path) -> str:
        """The path as the user who runs the build sees it."""
        return self.stage.path(path) if self.stage else str(path)

    def arguments(self, environment: Mapping[str, str]) -> List[str]:
        """The options of bubblewrap. It reads them from a file because /proc shows the command
        line."""
        argv = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
        argv += ["--cap-drop", "ALL"]
        argv += ["--uid", str(BUILDER_ID), "--gid", str(BUILDER_ID), "--hostname", "lading"]
        argv += ["--ro-bind", self._seen(self.build_root / "usr"), "/usr"]
        for link in MERGED:
            if (self.build_root / "usr" / link).is_dir():
                argv += ["--symlink", f"usr/{link}", f"/{link}"]
        argv += [*_proc(), "--dev", "/dev", "--tmpfs", "/tmp"]
        argv += self._etc()
        argv += ["--bind", self._seen(self.work / "store"), STORE_DIR]
        for path, directory in self.dependencies:
            argv += ["--ro-bind", self._seen(directory), str(path)]
        argv += ["--bind", self._seen(self.work / "build"), "/build"]
        argv += ["--ro-bind", self._seen(self.work / "lading"), "/lading"]
        argv += ["--chdir", "/build"]
        for name, value in sorted(environment.items()):
            argv += ["--setenv", name, value]
        # Not earlier, because mount points were created there.
        argv += ["--remount-ro", "/"]
        if len(argv) > _MOST_ARGUMENTS:
            raise LadingError(
                f"a build that sees {counted(len(self.dependencies), 'package')} and has "
                f"{counted(len(environment), 'variable')} is more than bubblewrap accepts: let it "
                "depend on fewer packages, or set fewer variables in `env`."
            )
        return argv

    def _etc(self) -> List[str]:
        argv: List[str] = ["--dir", "/etc"]
        own = self.work / "etc"
        theirs = self.build_root / "etc"
        names = {entry.name for entry in own.iterdir()}
        if theirs.is_dir():
            for entry in sorted(theirs.iterdir()):
                if entry.name in names:
                    continue
                if entry.is_symlink():
                    argv += ["--symlink", os.readlink(entry), f"/etc/{entry.name}"]
                else:
                    argv += ["--ro-bind", self._seen(entry), f"/etc/{entry.name}"]
        for name in sorted(names):
            argv += ["--ro-bind", self._seen(own / name), f"/etc/{name}"]
        return argv

    def _before_bubblewrap(self) -> Optional[Callable[[], None]]:
        if self.stage:
            return self.stage.enter
        return protect_devices if os.geteuid() == 0 else None

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], output: int, events: int
    ) -> "subprocess.Popen[bytes]":
        with _file_of(system_call_filter()) as system_calls:
            options = ["--seccomp", system_calls, "--json-status-fd", str(events)]
            options += self.arguments(environment)
            with _file_of(_joined(options)) as arguments:
                return subprocess.Popen(
                    [self._program, "--args", arguments, "--", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(events, int(system_calls), int(arguments)),
                    preexec_fn=self._before_bubblewrap(),
                    env={},
                )

    def _check_output(self) -> None:
        """Inputs are other mounts, to which no hard link can lead."""

    def _refusal(self, words: str) -> str:
        if "Unknown option" in words:
            return (
                f"the build sandbox can't be made ({words}): this machine's bubblewrap is too old. "
                "Install version 0.4 or newer, or remove it, so that Lading uses its own."
            )
        for setting in NAMESPACE_SETTINGS:
            if setting.forbids():
                return (
                    f"the build sandbox can't be made ({words}), since {setting.name} is "
                    f"{setting.value}: install the package bubblewrap, or run "
                    f"`sysctl -w {setting.name}={setting.remedy}` as root."
                )
        return (
            f"the build sandbox can't be made ({words}), and {_why_no_chroot()}. In a container, "
            "either run Pants as root with docker's default capabilities (podman: "
            "`--cap-add=MKNOD`), or allow user namespaces and a new /proc (docker: `--security-opt "
            "seccomp=unconfined --security-opt systempaths=unconfined`, podman: `--security-opt "
            "unmask=ALL`, or `--privileged`). What a remote cache has needs no sandbox."
        )


def _why_no_chroot() -> str:
    missing = missing_capabilities()
    if os.geteuid():
        return "only root can build in a chroot"
    if missing:
        return f"for a chroot root lacks {', '.join(missing)} here"
    return "`[lading].sandbox` rules out a chroot"


def _bundle(bubblewrap: str) -> Tuple[Path, Path]:
    """The directories that bubblewrap's wheel consists of: the program's, and the libraries'."""
    package = Path(os.path.realpath(bubblewrap)).parents[1]
    return package, package.with_name(f"{package.name}.libs")


def _proc() -> List[str]:
    """A read-only /proc, since the build may run as the machine's root."""
    argv = ["--proc", "/proc"]
    for name in HIDDEN_FILES:
        if os.path.exists(f"/proc/{name}"):
            argv += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    for name in HIDDEN_DIRECTORIES:
        if os.path.exists(f"/proc/{name}"):
            argv += ["--tmpfs", f"/proc/{name}", "--remount-ro", f"/proc/{name}"]
    return [*argv, "--remount-ro", "/proc"]


def _joined(options: Sequence[str]) -> bytes:
    """The options as bubblewrap reads them from a file, each ended by a NUL."""
    return b"".join(os.fsencode(f"{option}\0") for option in options)


@contextmanager
def _file_of(content: bytes) -> Iterator[str]:
    """The number of an open file from which bubblewrap can read `content`."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield str(file.fileno())
