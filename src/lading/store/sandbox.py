"""The sandbox that builds run in: only what was declared exists.

bubblewrap makes it: namespaces for users, mounts, processes, network, host name and IPC. Inside,
the build root lies at /usr, the dependencies at /store (read-only), and `$out`, /build and /tmp
can be written. There is no network, no file and no environment of the host.
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, List, Mapping, Sequence, Tuple

from lading.errors import LadingError
from lading.store.kernel_setting import NAMESPACE_SETTINGS
from lading.store.path import STORE_DIR, StorePath

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
    raise LadingError("builds need bubblewrap, which is not here: install the package bubblewrap.")


@dataclass(frozen=True)
class Sandbox:
    """What one build may see.

    `build_root` is the directory that holds `usr` and `etc`; `work` is a directory of the
    build's own; `dependencies` pairs store paths with where they are unpacked. `work` holds
    `store` (of which `$out` is the part that counts), `build`, `lading` (the script and sources,
    read-only inside) and `etc`.
    """

    bubblewrap: str
    build_root: Path
    work: Path
    dependencies: Tuple[Tuple[StorePath, Path], ...]

    def prepare(self) -> None:
        """Make the directories and files of the host that the sandbox is put together from."""
        for name in ("store", "build", "lading", "etc"):
            (self.work / name).mkdir(parents=True, exist_ok=True)
        for name, text in (("passwd", _PASSWD), ("group", _GROUP), ("hosts", _HOSTS)):
            (self.work / "etc" / name).write_text(text, encoding="ascii")

    def argv(self, command: Sequence[str], environment: Mapping[str, str]) -> List[str]:
        """The bubblewrap command line that runs `command` in the sandbox."""
        argv = [self.bubblewrap, "--unshare-all", "--die-with-parent", "--new-session"]
        argv += ["--uid", str(BUILDER_ID), "--gid", str(BUILDER_ID), "--hostname", "lading"]
        argv += ["--ro-bind", str(self.build_root / "usr"), "/usr"]
        for link in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            if (self.build_root / "usr" / link).is_dir():
                argv += ["--symlink", f"usr/{link}", f"/{link}"]
        argv += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        argv += self._etc()
        argv += ["--bind", str(self.work / "store"), STORE_DIR]
        for path, directory in self.dependencies:
            argv += ["--ro-bind", str(directory), str(path)]
        argv += ["--bind", str(self.work / "build"), "/build"]
        argv += ["--ro-bind", str(self.work / "lading"), "/lading"]
        argv += ["--chdir", "/build", "--clearenv"]
        for name, value in sorted(environment.items()):
            argv += ["--setenv", name, value]
        # Only now, since mount points were made in there.
        return argv + ["--remount-ro", "/", "--", *command]

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
                    argv += ["--ro-bind", str(entry), f"/etc/{entry.name}"]
        for name in sorted(names):
            argv += ["--ro-bind", str(own / name), f"/etc/{name}"]
        return argv

    def run(self, command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> int:
        """Run `command`, its output going to the new file `log`; the exit status.

        `LadingError` where no sandbox can be made, or the build root has no such program.
        """
        bubblewrap, *arguments = self.argv(command, environment)
        with tempfile.TemporaryFile() as events:
            process = subprocess.run(
                [bubblewrap, "--json-status-fd", str(events.fileno()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(events.fileno(),),
                check=False,
                env={},
            )
            events.seek(0)
            # bubblewrap tells an exit status of the command only, not its own.
            has_run = b'"exit-code"' in events.read()
        if process.returncode > 0 and not has_run:
            raise LadingError(_why_not(command[0], Path(log.name)))
        return process.returncode


def _why_not(program: str, log: Path) -> str:
    """What kept bubblewrap from running `program`; `log` has nothing but bubblewrap's words."""
    words = log.read_text(encoding="utf-8", errors="replace").strip()
    if "bwrap: execvp" in words:
        return (
            f"the build root can't run {program} ({words}): add the Debian package that has it "
            "to `debian_packages` of the `build_root`."
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
