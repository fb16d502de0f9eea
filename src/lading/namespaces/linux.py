"""System calls of Linux that some versions of Python lack.

Each raises OSError with the call's name in place of a file's.
"""

import ctypes
import os
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Optional, Union

Name = Union[str, bytes, Path]

# unshare(2)
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# mount(2), umount2(2)
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MNT_DETACH = 2

# prctl(2)
_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

# The flags of a mount as statvfs(3) returns them, with their values in mount(2).
_STATVFS_FLAGS = {
    1: MS_RDONLY,
    2: MS_NOSUID,
    4: MS_NODEV,
    8: MS_NOEXEC,
    1024: MS_NOATIME,
    2048: MS_NODIRATIME,
    4096: MS_RELATIME,
}

# glibc has no function for pivot_root(2), whose number differs between architectures.
_PIVOT_ROOT: Dict[str, int] = {
    "aarch64": 41,
    "armv7l": 218,
    "ppc64le": 203,
    "riscv64": 41,
    "s390x": 217,
    "x86_64": 155,
}

# pidfd_open(2); it and mount_setattr(2), open_tree(2) and move_mount(2) below have the same numbers
# on all architectures but alpha
_PIDFD_OPEN = 434
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MOUNT_ATTR_IDMAP = 0x00100000

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def mount(source: Name, target: Name, kind: str, flags: int, options: str = "") -> None:
    """`kind` and `options` are "" if they are not used."""
    status = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        _text(kind),
        ctypes.c_ulong(flags),
        _text(options),
    )
    _check(status, f"mount {os.fsdecode(target)}")


def bind(source: Name, target: Name) -> None:
    """Show `source`, with everything mounted below it, at `target` too."""
    mount(source, target, "", MS_BIND | MS_REC)


def make_read_only(target: Name) -> None:
    """Make the mount at `target` read-only, but not those below it."""
    # A user namespace must keep the restrictions of the mount that it comes from.
    given = os.statvfs(target).f_flag
    kept = sum(flag for name, flag in _STATVFS_FLAGS.items() if given & name)
    mount("none", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def detached_mount(source: Name) -> int:
    """A mount of `source` that is not attached anywhere, as an open file; nothing below it is
    included."""
    return _call("open_tree", _OPEN_TREE, _AT_FDCWD, source, _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC)


def map_ids(mount: int, user_namespace: int) -> None:
    """Make files of the detached mount appear to belong to the users that the open user namespace
    maps their owners to."""
    # struct mount_attr: set, clear, propagation, user namespace
    attributes = struct.pack("=4Q", _MOUNT_ATTR_IDMAP, 0, 0, user_namespace)
    size = len(attributes)
    _call("mount_setattr", _MOUNT_SETATTR, mount, b"", _AT_EMPTY_PATH, attributes, size)


def attach(mount: int, target: Name) -> None:
    """Mount the detached mount at `target`."""
    _call("move_mount", _MOVE_MOUNT, mount, b"", _AT_FDCWD, target, _MOVE_MOUNT_F_EMPTY_PATH)


def _call(name: str, number: int, *arguments: Union[int, Name]) -> int:
    """A system call that the C library may have no function for."""
    words = [
        ctypes.c_long(one) if isinstance(one, int) else ctypes.c_char_p(os.fsencode(one))
        for one in arguments
    ]
    result = int(_libc.syscall(ctypes.c_long(number), *words))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), name)
    return result


def pivot_to(root: Name) -> None:
    """Make the mount point `root` the root of this mount namespace, and `/` the current
    directory."""
    os.chdir(root)
    number = _PIVOT_ROOT[os.uname().machine]
    # pivot_root(2), "pivot_root(".", ".")": the old root is then mounted on top of the new one.
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")


@contextmanager
def inside(root: Name) -> Iterator[None]:
    """Use `root` as `/`: no link and no `..` leads out of it."""
    directory, outside = (os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (".", "/"))
    try:
        os.chroot(root)
        os.chdir("/")
        yield
    finally:
        os.fchdir(outside)
        os.chroot(".")
        os.fchdir(directory)
        os.close(outside)
        os.close(directory)


def open_process(pid: int) -> int:
    """An open file, closed at execve, that can be read once the process has ended (Linux 5.3)."""
    return _call("pidfd_open", _PIDFD_OPEN, pid, 0)


def die_with_parent(signal: int) -> None:
    """Receive `signal` when the parent dies. Changing ids cancels this (prctl(2))."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal), 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0), "prctl")


def forbid_new_rights() -> None:
    """No execve gives rights from now on: setuid bits and file capabilities have no effect."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0), "prctl")


def forgo_capability(number: int) -> bool:
    """Give up the capability after the next execve; False if the kernel does not know it."""
    return int(_libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0)) == 0


def _text(text: str) -> Optional[bytes]:
    return text.encode("ascii") or None


def _check(status: int, call: str) -> None:
    if status:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), call)
