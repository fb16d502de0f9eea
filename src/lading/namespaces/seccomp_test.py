import ctypes
import errno
import os
import struct
import subprocess
import sys
from typing import List, Tuple, Union

import pytest

from lading.namespaces.seccomp import FORBIDDEN, LAST_KNOWN, system_call_filter
from lading.values.errors import LadingError

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE_NEWUSER, CLONE_NEWNET, CLONE_VM, SIGCHLD = 0x10000000, 0x40000000, 0x100, 17
TIOCSTI, TIOCLINUX, TCGETS = 0x5412, 0x541C, 0x5401
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK = 1, 2, 10, 16, 17, 38, 40
ADDR_NO_RANDOMIZE = 0x0040000

libseccomp = ctypes.CDLL("libseccomp.so.2")


def number(machine: str, call: str) -> int:
    """The call's number in libseccomp's tables; negative if the architecture has none."""
    resolve = libseccomp.seccomp_syscall_resolve_name_arch
    return int(resolve(ctypes.c_uint32(AUDIT[machine]), call.encode()))


def decide(machine: str, audit: int, call: int, arguments: Tuple[int, ...] = ()) -> Union[str, int]:
    """The filter's decision: "allow", "kill" or an error number. A minimal BPF machine."""
    padded = (*arguments, *([0] * (6 - len(arguments))))
    data = struct.pack("=iIQ6Q", ctypes.c_int(call).value, audit, 0, *padded)
    code = system_call_filter(machine)
    instructions = list(struct.iter_unpack("=HBBI", code))
    accumulator, place = 0, 0
    while True:
        operation, yes, no, operand = instructions[place]
        if operation == 0x06:
            actions = {0x7FFF0000: "allow", 0x80000000: "kill"}
            return actions.get(operand) or operand & 0xFFFF
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, operand)
            place += 1
            continue
        holds = {
            0x15: accumulator == operand,
            0x25: accumulator > operand,
            0x45: bool(accumulator & operand),
        }[operation]
        place += 1 + (yes if holds else no)


@pytest.mark.parametrize("machine", sorted(AUDIT))
def test_the_numbers_are_those_of_libseccomp(machine: str) -> None:
    column = ("x86_64", "aarch64").index(machine)
    for name, numbers in FORBIDDEN.items():
        known = number(machine, name)
        assert numbers[column] == (known if known >= 0 else None), name


@pytest.mark.parametrize("machine", sorted(AUDIT))
@pytest.mark.parametrize(
    ("call", "arguments", "decision"),
    [
        ("read", (), "allow"),
        ("execve", (), "allow"),
        ("ptrace", (16, 2), "allow"),
        ("ptrace", (16, 1), errno.EPERM),  # PTRACE_ATTACH to the first process
        ("process_vm_readv", (1,), errno.EPERM),
        ("process_vm_writev", (1,), errno.EPERM),
        ("process_vm_writev", (2,), "allow"),
        ("fchmodat2", (), "allow"),
        *((name, (), errno.EPERM) for name in ("mount", "unshare", "setns", "keyctl", "bpf")),
        ("clone", (SIGCHLD,), "allow"),
        ("clone", (CLONE_VM | SIGCHLD,), "allow"),
        ("clone", (CLONE_NEWUSER | SIGCHLD,), errno.EPERM),
        ("clone", (CLONE_NEWNET,), errno.EPERM),
        ("clone3", (), errno.ENOSYS),
        *(("socket", (one,), "allow") for one in (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)),
        *(("socket", (one,), errno.EAFNOSUPPORT) for one in (AF_PACKET, AF_ALG, AF_VSOCK, 0, 45)),
        ("socketpair", (AF_UNIX,), "allow"),
        ("socketpair", (30,), errno.EAFNOSUPPORT),  # AF_TIPC
        ("ioctl", (0, TCGETS), "allow"),
        ("ioctl", (0, TIOCSTI), errno.EPERM),
        ("ioctl", (0, TIOCLINUX), errno.EPERM),
        *(("personality", (one,), "allow") for one in (0, 8, 0xFFFFFFFF)),
        ("personality", (ADDR_NO_RANDOMIZE,), errno.EPERM),
        # The kernel reads these as int, so a bit above them changes nothing.
        ("socket", (AF_VSOCK | 1 << 32,), errno.EAFNOSUPPORT),
        ("ioctl", (0, TIOCSTI | 1 << 32), errno.EPERM),
        ("clone", (CLONE_NEWUSER | 1 << 32,), errno.EPERM),
    ],
)
def test_calls_are_allowed_or_refused(
    machine: str, call: str, arguments: Tuple[int, ...], decision: Union[str, int]
) -> None:
    assert decide(machine, AUDIT[machine], number(machine, call), arguments) == decision


@pytest.mark.parametrize("machine", sorted(AUDIT))
def test_a_call_that_is_not_known_is_not_there(machine: str) -> None:
    assert decide(machine, AUDIT[machine], LAST_KNOWN) == "allow"
    for call in (LAST_KNOWN + 1, 1000, 0x40000000, 0x40000000 + 41, -1):
        assert decide(machine, AUDIT[machine], call) == errno.ENOSYS


@pytest.mark.parametrize("machine", sorted(AUDIT))
def test_programs_for_another_architecture_are_killed(machine: str) -> None:
    """32-bit x86 and ARM have other numbers for the same calls."""
    others = {0x40000003, 0x40000028, *AUDIT.values()} - {AUDIT[machine]}
    for audit in others:
        assert decide(machine, audit, 0) == "kill"


def test_a_machine_without_a_table_is_an_error() -> None:
    with pytest.raises(LadingError, match="needs on riscv64: build on x86_64 or aarch64"):
        system_call_filter("riscv64")


# Each expression is evaluated under the filter, in its own process.
_TRY = """
import ctypes, errno, os, socket, sys, threading, subprocess
from lading.namespaces.seccomp import forbid_system_calls
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    return errno.errorcode.get(ctypes.get_errno()) if getattr(libc, name)(*arguments) < 0 else 0
libc.prctl(38, 1, 0, 0, 0)  # no_new_privs, for tests by an ordinary user
forbid_system_calls()
for expression in sys.argv[1:]:
    try:
        print(eval(expression))
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


def try_all(expressions: List[str]) -> List[str]:
    finished = subprocess.run(
        [sys.executable, "-c", _TRY, *expressions],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return finished.stdout.splitlines()


def test_the_kernel_takes_the_filter() -> None:
    expected = {
        "call('unshare', 0x10000000)": "EPERM",
        "call('mount', None, b'/tmp', b'tmpfs', 0, None)": "EPERM",
        "call('personality', 0x40000)": "EPERM",
        "socket.socket(40, socket.SOCK_STREAM)": "EAFNOSUPPORT",
        "socket.socket(socket.AF_UNIX).close()": "None",
        # New threads and processes, for which libc tries clone3 first.
        "subprocess.run(['/bin/true']).returncode": "0",
        "threading.Thread(target=sys.stdout.flush).start()": "None",
    }
    assert try_all(list(expected)) == list(expected.values())
