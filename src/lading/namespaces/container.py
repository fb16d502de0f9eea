"""Namespaces in which commands see only an image's file system.

The file system of the image is a tree that they may change. The store packages are read-only mounts
in it, which leave nothing but empty directories in the tree. There is no network.
"""

import ctypes
import errno
import fcntl
import os
import signal
import socket
import stat
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Callable, Mapping, Optional, Tuple

from lading.namespaces import linux
from lading.namespaces.child import Child
from lading.namespaces.devices import DEVICES
from lading.namespaces.hidden import HIDDEN_DIRECTORIES, HIDDEN_FILES
from lading.namespaces.keyring import leave_session_keyring
from lading.namespaces.limits import LimitError
from lading.namespaces.seccomp import forbid_system_calls
from lading.namespaces.user_namespace import refusal
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR, StorePath

HOST_NAME = "lading"

#: Directories at the top of the tree that belong to the container rather than the image.
MOUNTED = ("dev", "proc", "store", "sys")

_NAMESPACES = linux.CLONE_NEWCGROUP | linux.CLONE_NEWIPC | linux.CLONE_NEWPID | linux.CLONE_NEWUTS

#: Mount options of devpts: the container gets its own terminals.
_TERMINALS = "newinstance,ptmxmode=0666,mode=0620"

_DEVICE_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
)

#: The capabilities of root in docker's containers (capabilities(7)): CHOWN, DAC_OVERRIDE, FOWNER,
#: FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE
#: and SETFCAP. Without SYS_ADMIN no mount can be made writable again.
_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)

#: Seconds between two looks at running commands.
_WATCH_INTERVAL = 0.2

# Linux, include/uapi: linux/sockios.h, linux/if.h
_SIOCSIFFLAGS = 0x8914
_IFF_UP, _IFF_RUNNING = 0x1, 0x40


@dataclass(frozen=True)
class Container:
    """`root` is the tree. `packages` pairs store paths with the directories that they are unpacked
    in.

    `shells` are paths in the container; the first that exists runs the commands.
    """

    root: Path
    packages: Tuple[Tuple[StorePath, Path], ...]
    shells: Tuple[str, ...]
    environment: Mapping[str, str]

    def run(self, commands: str, log: IO[bytes], watch: Callable[[], None]) -> int:
        """Run `commands` until one fails, with their output in `log`; returns the exit status.

        `watch` is called regularly while they run, and may raise LimitError, which ends them. The
        caller must be root of a user namespace, without other threads. When this returns, no
        process that the commands started is left. Raises `LadingError` if there is no shell.
        """
        return in_namespaces(lambda: self._run_shell(commands, log), watch=watch)

    def _run_shell(self, commands: str, log: IO[bytes]) -> int:
        self._enter()
        shell = next((path for path in self.shells if os.access(path, os.X_OK)), None)
        if shell is None:
            raise LadingError(
                "`run_as_root` needs a shell, and neither `run_as_root_tools` nor `contents` nor "
                "the base has bin/bash or bin/sh: add a package with a shell, such as bash, to "
                "`run_as_root_tools`."
            )
        try:
            self._check_end(shell, commands)
            status = self._status(shell, commands, log)
        except OSError as error:
            raise _not_started(shell, error) from error
        # The status that shells report if a signal ended a program.
        return 128 - status if status < 0 else status

    def _status(self, shell: str, commands: str, log: IO[bytes]) -> int:
        """The shell's status, negative if a signal ended it. Raises OSError if it can't be
        started."""
        # It uses -c because a file would have to be somewhere in the image.
        process = subprocess.run(
            [shell, "-e", "-c", commands, "run_as_root"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(self.environment),
            check=False,
            start_new_session=True,  # else /dev/tty might be the terminal of whoever builds
        )
        return process.returncode

    def _check_end(self, shell: str, commands: str) -> None:
        """A here-document without an end turns the rest of the commands into its text, which shells
        accept silently; nothing else can swallow a `;;` where none is allowed."""
        result = subprocess.run(
            [shell, "-n"],
            input=f"{commands}\n;;\n".encode("utf-8"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(self.environment),
            check=False,
        )
        if result.returncode == 0:
            raise LadingError(
                "`run_as_root` has a here-document that does not end: put the word that follows "
                "`<<` alone on a line after the last one, without spaces or tabs around it."
            )

    def _enter(self) -> None:
        """Assemble the file system and make it this process' root."""
        linux.bind(self.root, self.root)
        self._mount_store()
        enter_root(self.root)

    def _mount_store(self) -> None:
        """The whole store is read-only, including packages in layers below."""
        name = STORE_DIR.lstrip("/")
        store = _mount_point(self.root, name)
        for path, directory in self.packages:
            _mount_point(self.root, name, path.base, is_file=directory.is_file())
        linux.bind(store, store)
        for path, directory in self.packages:
            linux.bind(directory, store / path.base)
            linux.make_read_only(store / path.base)
        linux.make_read_only(store)


def _not_started(shell: str, error: OSError) -> LadingError:
    if error.errno == errno.E2BIG:
        return LadingError(
            "`run_as_root`, or a variable of the image's `env`, is longer than Linux allows for "
            "one argument of a program (131,071 bytes). Put the long text into a script, such as "
            "a `store_script`, and run that in `run_as_root`."
        )
    return LadingError(
        f"`run_as_root` can't be run by {shell} of the image, which this machine can't start "
        f"({error.strerror}): add a package with a shell, such as bash, to `run_as_root_tools`."
    )


def enter_root(root: Path) -> None:
    """Make the mount point `root` this process' root, with /proc and /dev in it.

    Processes that are started from now on have at most docker's capabilities. They can't create
    user namespaces, in which they would have all capabilities, nor use system calls that docker
    refuses.
    """
    _mount_proc(_mount_point(root, "proc"))
    _mount_devices(_mount_point(root, "dev"))
    linux.pivot_to(root)
    _forbid_system_calls()
    for number in range(64):
        if number not in _CAPABILITIES and not linux.forgo_capability(number):
            break


def check_rights(directory: Path) -> int:
    """Try what `Container.run` needs, in the empty `directory`. Returns 0; raises `LadingError` if
    it is denied.

    The caller must be root of a user namespace.
    """

    def task() -> int:
        _mount_proc(directory)
        linux.mount("tmpfs", directory, "tmpfs", 0)
        _forbid_system_calls()
        return 0

    return in_namespaces(task)


def in_namespaces(
    task: Callable[[], int],
    own_network: bool = True,
    watch: Optional[Callable[[], None]] = None,
) -> int:
    """Run `task` as the first process of new namespaces; all others end with it.

    Without an `own_network` it has the machine's. `watch` is called regularly, from outside, and
    may raise LimitError, which ends them all. The caller must be root of a user namespace, without
    other threads.
    """
    try:
        linux.unshare(_NAMESPACES | (linux.CLONE_NEWNET if own_network else 0))
    except OSError as error:
        raise refusal(error) from error

    def first_process() -> int:
        linux.die_with_parent(signal.SIGKILL)
        # Without handlers it can't be ended from inside (pid_namespaces(7)).
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        _hide_command_line()
        leave_session_keyring()
        try:
            linux.unshare(linux.CLONE_NEWNS)
            linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
            socket.sethostname(HOST_NAME)
            if own_network:
                _start_loopback()
        except OSError as error:
            raise refusal(error) from error
        return task()

    child = Child.start(first_process)
    try:
        while watch is not None and not child.ends_within(_WATCH_INTERVAL):
            watch()
        return child.wait()
    except (LimitError, SystemExit):  # about to delete the directories that the others work in
        child.kill()
        raise


def _forbid_system_calls() -> None:
    try:
        forbid_system_calls()
    except OSError as error:
        raise refusal(error) from error


def _hide_command_line() -> None:
    """/proc/1/cmdline contains paths of the machine."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    # proc_pid_stat(5): arg_start and arg_end are the fields 48 and 49. The second field, a name in
    # brackets, may contain blanks.
    start, end = map(int, fields.rpartition(")")[2].split()[45:47])
    ctypes.memset(start, 0, end - start)


def _start_loopback() -> None:
    """Only the commands can reach a service that they start."""
    request = struct.pack("16sh14x", b"lo", _IFF_UP | _IFF_RUNNING)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def _mount_point(root: Path, *names: str, is_file: bool = False) -> Path:
    """The directory or file `names` below the tree; it is created if it is missing.

    A link would lead the mount somewhere on the host.
    """
    place = root
    for index, name in enumerate(names, 1):
        place /= name
        is_directory = index < len(names) or not is_file
        try:
            mode = os.lstat(place).st_mode
        except FileNotFoundError:
            if is_directory:
                os.mkdir(place, 0o755)
            else:
                place.touch(exist_ok=False)
        else:
            if not (stat.S_ISDIR(mode) if is_directory else stat.S_ISREG(mode)):
                kind = "directory" if is_directory else "file"
                raise LadingError(
                    f"commands can't be run in this image, whose /{place.relative_to(root)} is "
                    f"not a {kind}: make it one in the layer that it comes from."
                )
    return place


def _mount_proc(directory: Path) -> None:
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    try:
        linux.mount("proc", directory, "proc", flags)
        Path(directory, "sys/user/max_user_namespaces").write_text("0", encoding="ascii")
        # /proc/sys is the machine's, and root may be the machine's root.
        linux.make_read_only(directory)
        for name in (*HIDDEN_FILES, *HIDDEN_DIRECTORIES):
            _hide(directory / name)
    except OSError as error:
        raise refusal(error) from error


def _hide(path: Path) -> None:
    if path.is_dir():
        linux.mount("tmpfs", path, "tmpfs", linux.MS_RDONLY)
    elif path.exists():
        _show_device("null", path)


def _show_device(name: str, place: Path) -> None:
    """Read-only, so that neither mode nor owner of the machine's device can be changed."""
    linux.bind(Path("/dev", name), place)
    linux.make_read_only(place)


def _mount_devices(directory: Path) -> None:
    linux.mount("tmpfs", directory, "tmpfs", linux.MS_NOSUID, "mode=0755")
    for name in DEVICES:
        (directory / name).touch(mode=0o666)
        _show_device(name, directory / name)
    for name, target in _DEVICE_LINKS:
        (directory / name).symlink_to(target)
    (directory / "pts").mkdir()
    (directory / "ptmx").symlink_to("pts/ptmx")
    flags = linux.MS_NOSUID | linux.MS_NOEXEC
    linux.mount("devpts", directory / "pts", "devpts", flags, _TERMINALS)
    shared_memory = directory / "shm"
    shared_memory.mkdir()
    os.chmod(shared_memory, 0o1777)
