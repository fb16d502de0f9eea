"""What a command in an image tries to do to the machine. The image's Python runs this script.

It prints a JSON object: each attempt with "done", with what it read, or with the name of an errno.
"""

import ctypes
import errno
import json
import os
import signal
import socket
from functools import partial
from typing import Callable, Dict

# asm/unistd.h; since Linux 5.1 new calls have the same numbers on all architectures.
_NUMBERS = {
    "x86_64": {"add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321},
    "aarch64": {"add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280},
}[os.uname().machine]
_NUMBERS.update(io_uring_setup=425, open_tree=428, fsopen=430)

_NEW_USER, _NEW_NAMESPACE = 0x10000000, 0x00020000
_MS_REMOUNT, _MS_BIND = 32, 4096
_PTRACE_ATTACH = 16
_SESSION_KEYRING, _SEARCH = -3, 10
_AF_ALG, _AF_VSOCK = 38, 40

_libc = ctypes.CDLL(None, use_errno=True)

_Attempt = Callable[[], object]
_Attempts = Dict[str, _Attempt]


def _call(name: str, *arguments: object) -> None:
    """A function of the C library, or a system call for which it has no function."""
    if name in _NUMBERS:
        name, arguments = "syscall", (_NUMBERS[name], *arguments)
    wide = (ctypes.c_long(one) if isinstance(one, int) else one for one in arguments)
    if getattr(_libc, name)(*wide) == -1:
        raise OSError(ctypes.get_errno(), name)


def _rewrite(path: str) -> None:
    """Write the content that is already there, so that a success does no harm."""
    with open(path, "r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text)


def _socket(family: int) -> None:
    kind = socket.SOCK_SEQPACKET if family == _AF_ALG else socket.SOCK_STREAM
    socket.socket(family, kind).close()


def _mount(kind: str, flags: int) -> None:
    target = b"/tmp" if kind else b"/proc"
    _call("mount", b"none", target, kind.encode(), flags, None)


def _nested(then: Callable[[], None]) -> None:
    """As root of a nested user namespace."""
    child = os.fork()
    if not child:
        status = 0
        try:
            _call("unshare", _NEW_USER | _NEW_NAMESPACE)
            then()
        except OSError as error:
            status = error.errno or 255
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise OSError(status, os.strerror(status))


def _text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read().replace(b"\0", b" ").decode("utf-8", "replace")


def _no_bytes(size: int) -> object:
    return ctypes.create_string_buffer(size)


def _open(path: str, mode: str) -> None:
    open(path, mode).close()


def _signal_the_first_process() -> None:
    for number in range(1, signal.SIGRTMAX + 1):
        if number not in (32, 33):  # glibc's own
            os.kill(1, number)


def _bounding_set() -> str:
    lines = _text("/proc/self/status").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("CapBnd"))


_PROC: _Attempts = {
    "core_pattern": lambda: _rewrite("/proc/sys/kernel/core_pattern"),
    "swappiness": lambda: _rewrite("/proc/sys/vm/swappiness"),
    "file_max": lambda: _rewrite("/proc/sys/fs/file-max"),
    "own_limits": lambda: _rewrite("/proc/sys/user/max_user_namespaces"),
    "sysrq": lambda: _open("/proc/sysrq-trigger", "w"),
    "irq": lambda: _rewrite("/proc/irq/default_smp_affinity"),
    "kernel_log": lambda: _open("/proc/kmsg", "r"),
    "kernel_memory": lambda: _text("/proc/kcore"),
    "keys": lambda: _text("/proc/keys"),
    "timers": lambda: _text("/proc/timer_list"),
}
_DEVICES: _Attempts = {
    **{
        f"{name}_mode": partial(os.chmod, f"/dev/{name}", 0o666)
        for name in ("full", "null", "random", "tty", "urandom", "zero")
    },
    "null_owner": lambda: os.chown("/dev/null", 0, 0),
    "null_time": lambda: os.utime("/dev/null"),
    "kcore_mode": lambda: os.chmod("/proc/kcore", 0o666),
    "make_disk": lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0)),
    "make_null": lambda: os.mknod("/tmp/null", 0o20600, os.makedev(1, 3)),
}
_MOUNTS: _Attempts = {
    "nested_namespace": lambda: _nested(lambda: None),
    "nested_cgroup": lambda: _nested(lambda: _mount("cgroup2", 0)),
    "nested_proc": lambda: _nested(lambda: _mount("proc", 0)),
    "mount_tmpfs": lambda: _mount("tmpfs", 0),
    "remount": lambda: _mount("", _MS_REMOUNT | _MS_BIND),
    "new_mounts": lambda: _call("unshare", _NEW_NAMESPACE),
    "fsopen": lambda: _call("fsopen", b"tmpfs", 0),
    "open_tree": lambda: _call("open_tree", -100, b"/", 1),
}
_KEYS: _Attempts = {
    "add_key": lambda: _call("add_key", b"user", b"lading", b"x", 1, _SESSION_KEYRING),
    "request_key": lambda: _call("request_key", b"user", b"lading", None, 0),
    "search_keys": lambda: _call("keyctl", _SEARCH, _SESSION_KEYRING, b"user", b"lading", 0),
}
_SOCKETS: _Attempts = {
    "vsock": lambda: _socket(_AF_VSOCK),
    "algorithms": lambda: _socket(_AF_ALG),
    "unix": lambda: _socket(socket.AF_UNIX),
    "inet": lambda: _socket(socket.AF_INET),
}
_KERNEL: _Attempts = {
    "bpf": lambda: _call("bpf", 0, _no_bytes(120), 120),
    "io_uring": lambda: _call("io_uring_setup", 1, _no_bytes(120)),
    "clock": lambda: _call("settimeofday", None, _no_bytes(8)),
    "host_name": lambda: socket.sethostname("lading"),
}
_FIRST_PROCESS: _Attempts = {
    "attach": lambda: _call("ptrace", _PTRACE_ATTACH, 1, None, None),
    "command_line": lambda: _text("/proc/1/cmdline"),
    "environment": lambda: _text("/proc/1/environ"),
    "memory": lambda: _open("/proc/1/mem", "rb"),
    "signals": _signal_the_first_process,
    "bounding_set": _bounding_set,
}


def _outcome(attempt: _Attempt) -> str:
    try:
        result = attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return result if isinstance(result, str) else "done"


if __name__ == "__main__":
    groups = (_PROC, _DEVICES, _MOUNTS, _KEYS, _SOCKETS, _KERNEL, _FIRST_PROCESS)
    attempts = {name: attempt for group in groups for name, attempt in group.items()}
    print(json.dumps({name: _outcome(attempt) for name, attempt in attempts.items()}))
