"""The system calls that a build or a command in an image may not make (seccomp(2)).

Namespaces leave much of the kernel reachable. This filter refuses what Docker's default profile
refuses (moby/profiles, seccomp/default.json, read in November 2026), with the same error numbers,
since programs are used to them. In addition it refuses every kind of socket that network namespaces
don't isolate, input for the caller's terminal, and 32-bit programs.

The filter is a program for the kernel's classic BPF machine, an array of `struct sock_filter`: it
is what bubblewrap's `--seccomp` reads, and what `forbid_system_calls` passes to the kernel.
"""

import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

from lading.values.errors import LadingError

#: Refused with EPERM: name to number on x86_64 and on aarch64; None if there is no such call.
FORBIDDEN: Dict[str, Tuple[Optional[int], Optional[int]]] = {
    # Namespaces and mounts, in which a program would have all capabilities.
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    # Keys are the caller's: namespaces don't separate them.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # The machine: its clock, power, programs, disks, modules, log, name.
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "vhangup": (153, 58),
    "_sysctl": (156, None),
    "sysfs": (139, None),
    "ustat": (136, None),
    "uselib": (134, None),
    # Large parts of the kernel in which bugs have been found, and which builds don't need.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    # Other processes, and memory layout.
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "mbind": (237, 235),
    "get_mempolicy": (239, 236),
    "set_mempolicy": (238, 237),
    "set_mempolicy_home_node": (450, 450),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}

#: The last known call. For later ones, a program gets the answer of an older kernel, and does
#: without.
LAST_KNOWN = 456

#: AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK, which network namespaces isolate (unlike AF_VSOCK).
SOCKET_FAMILIES = (1, 2, 10, 16)

#: AF_UNIX, for programs that share the network of whoever runs them.
LOCAL_FAMILIES = (1,)

# clone(2), CLONE_NEW*: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACES = 0x7E020000

# ioctl_tty(2): TIOCSTI, and TIOCLINUX, which pastes into a console
_TERMINAL_INPUT = (0x5412, 0x541C)

# personality(2): Linux, 32 bits, and kernels called 2.6; the last one is the query. Others, such as
# the one without random addresses, make programs easier to attack.
_PERSONALITIES = (0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)

# Linux, include/uapi: linux/bpf_common.h (BPF_LD|BPF_W|BPF_ABS, BPF_JMP|..., BPF_RET|BPF_K)
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06

# linux/seccomp.h: SECCOMP_RET_*, and offsets in `struct seccomp_data`
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

# linux/prctl.h, linux/seccomp.h
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2


@dataclass(frozen=True)
class _Machine:
    """`column` is the column in `FORBIDDEN`; `audit` is the AUDIT_ARCH of linux/audit.h."""

    column: int
    audit: int
    clone: int
    clone3: int
    ioctl: int
    personality: int
    process_vm_readv: int
    process_vm_writev: int
    ptrace: int
    socket: int
    socketpair: int


_MACHINES = {
    "x86_64": _Machine(0, 0xC000003E, 56, 435, 16, 135, 310, 311, 101, 41, 53),
    "aarch64": _Machine(1, 0xC00000B7, 220, 435, 29, 92, 270, 271, 117, 198, 199),
}

# The first process of a process namespace, with which the others end: stopping it, or telling it to
# outlive its parent, would keep them all.
_FIRST_PROCESS = (1,)


def system_call_filter(
    machine: str = "", socket_families: Tuple[int, ...] = SOCKET_FAMILIES
) -> bytes:
    """The filter for `machine` (a name as in uname(1)), or for this machine."""
    machine = machine or os.uname().machine
    if machine not in _MACHINES:
        raise LadingError(
            f"Lading does not know which system calls a build needs on {machine}: build on "
            f"{' or '.join(_MACHINES)}."
        )
    made_for = _MACHINES[machine]
    return b"".join(
        struct.pack("=HBBI", *instruction) for instruction in _program(made_for, socket_families)
    )


def forbid_system_calls(socket_families: Tuple[int, ...] = SOCKET_FAMILIES) -> None:
    """Put this process, and everything that it starts, under the filter permanently.

    It must have CAP_SYS_ADMIN in its user namespace, or no_new_privs set; raises OSError otherwise.
    """
    code = system_call_filter(socket_families=socket_families)
    array = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(array))
    libc = ctypes.CDLL(None, use_errno=True)
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    if libc.prctl(_PR_SET_SECCOMP, mode, ctypes.c_char_p(program), 0, 0):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "prctl PR_SET_SECCOMP")


#: Code, instructions to skip if the condition holds, instructions to skip if not, operand.
_Instruction = Tuple[int, int, int, int]


def _program(machine: _Machine, socket_families: Tuple[int, ...]) -> List[_Instruction]:
    """The kernel only looks at the lower half of all these arguments, and so does the filter."""
    unsupported = _refuse(errno.EAFNOSUPPORT)
    program = [
        _load(_ARCHITECTURE),
        (_EQUAL, 1, 0, machine.audit),
        _return(_KILL_PROCESS),
        _load(_NUMBER),
        # Including those of x32, which have a high bit set.
        (_GREATER, 0, 1, LAST_KNOWN),
        _refuse(errno.ENOSYS),
        # Its flags are in memory, which filters can't read. libc then uses clone.
        *_call(machine.clone3, _refuse(errno.ENOSYS)),
        *_call(machine.clone, *_flags(_NEW_NAMESPACES), _return(_ALLOW)),
        *_call(machine.ioctl, *_among(1, _TERMINAL_INPUT, _refuse(errno.EPERM), _return(_ALLOW))),
    ]
    personality = _among(0, _PERSONALITIES, _return(_ALLOW), _refuse(errno.EPERM))
    program += _call(machine.personality, *personality)
    for call, argument in (
        (machine.ptrace, 1),
        (machine.process_vm_readv, 0),
        (machine.process_vm_writev, 0),
    ):
        first = _among(argument, _FIRST_PROCESS, _refuse(errno.EPERM), _return(_ALLOW))
        program += _call(call, *first)
    for call in (machine.socket, machine.socketpair):
        program += _call(call, *_among(0, socket_families, _return(_ALLOW), unsupported))
    for numbers in FORBIDDEN.values():
        number = numbers[machine.column]
        if number is not None:
            program += _call(number, _refuse(errno.EPERM))
    return [*program, _return(_ALLOW)]


def _call(number: int, *then: _Instruction) -> List[_Instruction]:
    """Do `then`, which returns, if the loaded call has this number."""
    return [(_EQUAL, 0, len(then), number), *then]


def _among(
    argument: int, values: Tuple[int, ...], is_one: _Instruction, is_none: _Instruction
) -> List[_Instruction]:
    """Return one value or the other."""
    tests = [(_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
    return [_load(_ARGUMENTS + 8 * argument), *tests, is_none, is_one]


def _flags(forbidden: int) -> List[_Instruction]:
    """Refuse a call whose first argument has one of these bits."""
    return [_load(_ARGUMENTS), (_ANY_BIT, 0, 1, forbidden), _refuse(errno.EPERM)]


def _load(offset: int) -> _Instruction:
    return (_LOAD, 0, 0, offset)


def _refuse(error: int) -> _Instruction:
    return _return(_ERRNO | error)


def _return(action: int) -> _Instruction:
    return (_RETURN, 0, 0, action)
