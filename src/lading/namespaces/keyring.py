"""Keys that the kernel keeps for the caller, such as those of Kerberos or of encrypted disks.

Namespaces don't separate them: child processes have their parent's session keyring
(session-keyring(7)).
"""

import ctypes
import os

# keyctl(2); its number differs between architectures.
_KEYCTL = {"aarch64": 219, "x86_64": 250}
_JOIN_SESSION_KEYRING = 1


def leave_session_keyring() -> bool:
    """Give this thread, and everything that it starts from now on, an empty session keyring.

    Returns False if there are no keyrings: the kernel has none, or a container's rules deny the
    call.
    """
    number = _KEYCTL.get(os.uname().machine)
    if number is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    call = (ctypes.c_long(number), ctypes.c_ulong(_JOIN_SESSION_KEYRING), ctypes.c_char_p(None))
    return int(libc.syscall(*call)) > 0
