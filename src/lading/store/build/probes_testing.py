"""Runs inside the sandbox: tries what a build may not do, and prints the results as JSON.

The table `PROBES` is what docs/security.md promises. A result is the name of an error, or what the
attempt returned.
"""

import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import stat
import struct
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Tuple

#: Tries one thing; raises OSError if it is refused.
Attempt = Callable[[], Any]

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

#: Facts from the test: `out`, numbers of system calls, and a process and a socket of the machine.
given: Dict[str, Any] = {}

_CLONE_NEWUSER, _SIGCHLD = 0x10000000, 17
_O_PATH_CWD = -100


def answer(attempt: Attempt) -> Any:
    try:
        result = attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done" if result is None else result


def call(name: str, *arguments: Any) -> Attempt:
    """The system call itself, without libc's wrapper."""

    def attempt() -> int:
        values = [given[one] if isinstance(one, str) else one for one in arguments]
        words = [ctypes.c_long(one) if isinstance(one, int) else one for one in values]
        result = _libc.syscall(ctypes.c_long(given["calls"][name]), *words)
        if result < 0:
            raise OSError(ctypes.get_errno(), name)
        return int(result)

    return attempt


def write(path: str) -> Attempt:
    """Open it for writing; whatever could be written to belongs to the machine."""

    def attempt() -> None:
        os.close(os.open(path, os.O_WRONLY))

    return attempt


def read(path: str) -> Attempt:
    return lambda: Path(path).read_text(encoding="utf-8", errors="replace").strip()


def make_socket(family: int, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> Attempt:
    return lambda: socket.socket(family, kind, protocol).close()


def terminal_input(request: int) -> Attempt:
    def attempt() -> None:
        with open("/dev/ptmx", "r+b", buffering=0) as terminal:
            fcntl.ioctl(terminal, request, b"x")

    return attempt


def processes() -> bool:
    """Whether only the few processes of the sandbox are visible."""
    names = os.listdir("/proc")
    return max((int(name) for name in names if name.isdigit()), default=0) < 1000


def host_socket() -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"\0{given['socket']}")


def status(pid: str, *names: str) -> Attempt:
    def attempt() -> List[str]:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return [f"{name} {fields[name].strip()}" for name in names]

    return attempt


def open_files(pid: str) -> Attempt:
    """The files that it has open, except for pipes and the like, /dev/null, and the directory being
    listed."""

    def attempt() -> List[str]:
        links = []
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                links.append(os.readlink(f"/proc/{pid}/fd/{name}"))
            except FileNotFoundError:
                continue
        return sorted(link for link in links if link[0] == "/" and link != "/dev/null")

    return attempt


def open_directories() -> List[int]:
    """Files left open lead out of a chroot."""
    found = []
    for number in range(256):
        try:
            if stat.S_ISDIR(os.fstat(number).st_mode):
                found.append(number)
        except OSError:
            continue
    return found


def above_the_root() -> bool:
    """Whether anything but the root is above it."""
    return not os.path.samefile("/../../..", "/")


def leave_the_root() -> None:
    """The classic way out of a chroot."""
    Path("/tmp/inner").mkdir()
    os.chroot("/tmp/inner")
    for _ in range(99):
        os.chdir("..")
    os.chroot(".")


def control(operation: int) -> Attempt:
    return lambda: int(_libc.prctl(operation, 0, 0, 0, 0))


def capabilities() -> List[int]:
    """Effective, permitted and inheritable ones (capget(2))."""
    header, data = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    _libc.capget(header, data)
    return list(struct.unpack("6I", data.raw))


def setuid_file() -> None:
    """A setuid file for which the test looks from outside while this waits."""
    file = Path(given["out"], "setuid")
    file.write_bytes(b"x")
    file.chmod(0o4755)
    Path("/build/ready").touch()
    signal.alarm(30)
    while not Path("/build/go").exists():
        time.sleep(0.02)
    signal.alarm(0)


REFUSED: FrozenSet[str] = frozenset({"EPERM"})
#: Because of the mount for root, because of the file's mode for an ordinary user.
READ_ONLY = frozenset({"EROFS", "EACCES", "EPERM"})
ABSENT = frozenset({"ENOENT"})
UNSUPPORTED = frozenset({"EAFNOSUPPORT"})
UNREADABLE = frozenset({"ENOENT", "EACCES", "EPERM"})

_NO_CAPABILITIES = "0" * 16

# prctl(2)
_PR_GET_SECCOMP, _PR_GET_NO_NEW_PRIVS = 21, 39

PROBES: Mapping[str, Tuple[Attempt, object]] = {
    # The kernel's settings.
    "write /proc/sys/kernel/core_pattern": (write("/proc/sys/kernel/core_pattern"), READ_ONLY),
    "write /proc/sys/vm/swappiness": (write("/proc/sys/vm/swappiness"), READ_ONLY),
    "write /proc/sys/fs/file-max": (write("/proc/sys/fs/file-max"), READ_ONLY),
    "write /proc/sysrq-trigger": (write("/proc/sysrq-trigger"), READ_ONLY | ABSENT),
    "write /proc/self/oom_score_adj": (write("/proc/self/oom_score_adj"), READ_ONLY),
    "write /proc/1/mem": (write("/proc/1/mem"), READ_ONLY),
    "read /proc/interrupts": (read("/proc/interrupts"), UNREADABLE),
    "read /proc/kcore": (read("/proc/kcore"), UNREADABLE),
    "read /proc/keys": (read("/proc/keys"), UNREADABLE),
    "read /proc/timer_list": (read("/proc/timer_list"), UNREADABLE),
    "list /sys": (lambda: os.listdir("/sys"), ABSENT),
    "read the kernel's log": (call("syslog", 3, None, 0), REFUSED),
    "set the clock": (call("settimeofday", None, None), REFUSED),
    "set a clock": (call("clock_settime", 0, None), REFUSED),
    "set the host's name": (call("sethostname", b"x", 1), REFUSED),
    "reboot": (call("reboot", 0, 0, 0, None), REFUSED),
    "load a kernel": (call("kexec_load", 0, 0, None, 0), REFUSED),
    "load a module": (call("init_module", None, 0, b""), REFUSED),
    "account processes": (call("acct", None), REFUSED),
    "swap": (call("swapon", b"/build/x", 0), REFUSED),
    # Devices.
    "chmod /dev/full": (lambda: os.chmod("/dev/full", 0o664), READ_ONLY),
    "chown /dev/null": (lambda: os.chown("/dev/null", os.getuid(), -1), READ_ONLY),
    "touch /dev/zero": (lambda: os.utime("/dev/zero", (1, 1)), READ_ONLY),
    "remove /dev/null": (lambda: os.unlink("/dev/null"), frozenset({"EBUSY"})),
    "make a block device": (lambda: os.mknod("/build/sda", 0o60600, os.makedev(8, 0)), REFUSED),
    "make a character device": (lambda: os.mknod("/tmp/mem", 0o20600, os.makedev(1, 1)), REFUSED),
    "open /dev/mem": (read("/dev/mem"), ABSENT),
    "open /dev/kmsg": (read("/dev/kmsg"), ABSENT),
    "open the caller's terminal": (write("/dev/tty"), frozenset({"ENXIO"})),
    "type for a terminal": (terminal_input(0x5412), REFUSED),
    "paste into a console": (terminal_input(0x541C), REFUSED),
    # Namespaces, mounts, cgroups.
    "unshare a user namespace": (call("unshare", _CLONE_NEWUSER), REFUSED),
    "clone a user namespace": (call("clone", _CLONE_NEWUSER | _SIGCHLD, 0, 0, 0, 0), REFUSED),
    "clone3": (call("clone3", None, 0), frozenset({"ENOSYS"})),
    "enter a namespace": (call("setns", 0, 0), REFUSED),
    "mount a tmpfs": (call("mount", b"x", b"/tmp", b"tmpfs", 0, None), REFUSED),
    "mount the cgroups": (call("mount", b"x", b"/tmp", b"cgroup2", 0, None), REFUSED),
    "unmount /proc": (call("umount2", b"/proc", 2), REFUSED),
    "open a file system": (call("fsopen", b"tmpfs", 0), REFUSED),
    "clone a mount": (call("open_tree", _O_PATH_CWD, b"/", 1), REFUSED),
    "pivot_root": (call("pivot_root", b".", b"."), REFUSED),
    "chroot": (lambda: os.chroot("/tmp"), REFUSED),
    "leave the root": (leave_the_root, REFUSED),
    "above the root": (above_the_root, False),
    "open directories": (open_directories, []),
    "open a file by its handle": (call("open_by_handle_at", 0, None, 0), REFUSED),
    "its cgroup": (
        read("/proc/self/cgroup"),
        lambda text: all(line.endswith(":/") for line in text.splitlines()),
    ),
    # Keys.
    "the session keyring": (call("keyctl", 0, -3, 0), REFUSED),
    "add a key": (call("add_key", b"user", b"x", b"x", 1, -3), REFUSED),
    "request a key": (call("request_key", b"user", b"lading-probe", None, -3), REFUSED),
    # The network, and other processes.
    "an AF_VSOCK socket": (make_socket(40), UNSUPPORTED),
    "an AF_ALG socket": (make_socket(38, socket.SOCK_SEQPACKET), UNSUPPORTED),
    "an AF_PACKET socket": (make_socket(17, socket.SOCK_RAW), UNSUPPORTED),
    "an AF_BLUETOOTH socket": (make_socket(31, socket.SOCK_RAW), UNSUPPORTED),
    "a raw socket": (make_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), REFUSED),
    "interfaces": (lambda: [name for _, name in socket.if_nameindex()], ["lo"]),
    "routes": (lambda: len(Path("/proc/net/route").read_text().splitlines()), 1),
    "an abstract socket of the machine": (host_socket, frozenset({"ECONNREFUSED"})),
    "trace a process of the machine": (
        call("ptrace", 16, "process", 0, 0),
        frozenset({"EPERM", "ESRCH"}),
    ),
    "signal a process of the machine": (
        lambda: os.kill(given["process"], 0),
        frozenset({"ESRCH"}),
    ),
    "processes of the machine": (processes, True),
    "trace the first process": (call("ptrace", 16, 1, 0, 0), REFUSED),
    "read the first process' memory": (call("process_vm_readv", 1, None, 0, None, 0, 0), REFUSED),
    "the first process' command line": (
        read("/proc/1/cmdline"),
        lambda text: "/work" not in text and "--bind" not in text,
    ),
    "the first process' environment": (read("/proc/1/environ"), ""),
    "the first process' files": (open_files("1"), []),
    "open files": (open_files("self"), lambda links: all("/proc/" in one for one in links)),
    # Parts of the kernel.
    "io_uring": (call("io_uring_setup", 1, None), REFUSED),
    "bpf": (call("bpf", 0, None, 0), REFUSED),
    "perf": (call("perf_event_open", None, 0, -1, -1, 0), REFUSED),
    "userfaultfd": (call("userfaultfd", 0), REFUSED),
    "a personality": (call("personality", 0x0040000), REFUSED),
    "a call of the future": (call("future"), frozenset({"ENOSYS"})),
    # Rights.
    "become root": (lambda: os.setuid(0), frozenset({"EINVAL", "EPERM"})),
    "rights": (
        status("self", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"),
        [
            *(f"{name} {_NO_CAPABILITIES}" for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")),
            "NoNewPrivs 1",
            "Seccomp 2",
        ],
    ),
    "the first process' rights": (
        status("1", "CapEff", "Seccomp"),
        [f"CapEff {_NO_CAPABILITIES}", "Seccomp 2"],
    ),
    "capabilities": (capabilities, [0] * 6),
    "no new privileges": (control(_PR_GET_NO_NEW_PRIVS), 1),
    "a filter of system calls": (control(_PR_GET_SECCOMP), 2),
    "more than its priority": (lambda: os.setpriority(os.PRIO_PROCESS, 0, -20), READ_ONLY),
    "real time": (
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        REFUSED,
    ),
    # Files.
    "write the build root": (lambda: Path("/usr/bin/x").touch(), READ_ONLY),
    "change a file of the build root": (write("/usr/bin/env"), READ_ONLY),
    "chmod a file of the build root": (lambda: os.chmod("/usr/bin/env", 0o777), READ_ONLY),
    "remove a file of the build root": (lambda: os.unlink("/usr/bin/env"), READ_ONLY),
    "link to a file of the build root": (
        lambda: os.link("/usr/bin/env", "/tmp/env"),
        frozenset({"EXDEV", "EPERM"}),
    ),
    "write the script": (write("/lading/script.sh"), READ_ONLY),
    "write /etc": (lambda: Path("/etc/x").touch(), READ_ONLY),
    "write the root": (lambda: Path("/x").touch(), READ_ONLY),
    "read the machine's passwords": (read("/etc/shadow"), ABSENT),
    "a setuid file": (setuid_file, "done"),
}


_NO_PROC = {
    name: (attempt, UNREADABLE)
    for name, (attempt, _) in PROBES.items()
    if name.startswith(("write /proc", "read /proc", "the first process'"))
    or name in ("its cgroup", "open files", "rights", "routes")
    or name in ("type for a terminal", "paste into a console")
}

#: The same in a chroot without namespaces, where /proc is empty.
CHROOT_PROBES: Mapping[str, Tuple[Attempt, object]] = {
    **PROBES,
    **_NO_PROC,
    "remove /dev/null": (PROBES["remove /dev/null"][0], frozenset({"EACCES"})),
    "an IPv4 socket": (make_socket(socket.AF_INET), UNSUPPORTED),
    "an IPv6 socket": (make_socket(socket.AF_INET6), UNSUPPORTED),
    "a netlink socket": (make_socket(16, socket.SOCK_RAW), UNSUPPORTED),
    "a raw socket": (PROBES["a raw socket"][0], UNSUPPORTED),
    "interfaces": (PROBES["interfaces"][0], UNSUPPORTED),
    "signal a process of the machine": (
        PROBES["signal a process of the machine"][0],
        frozenset({"EPERM"}),
    ),
    # Not hidden: docs/security.md.
    "an abstract socket of the machine": (host_socket, "done"),
}


def main() -> None:
    given.update(json.loads(sys.argv[1]))
    probes = CHROOT_PROBES if given["chroot"] else PROBES
    answers = {name: answer(attempt) for name, (attempt, _) in probes.items()}
    Path(given["out"], "answers").write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
