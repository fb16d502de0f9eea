"""A user id for one build among those that run in a chroot, like one of Nix's build users.

Without a process namespace, processes are told apart by their user only: each running build has an
id of its own, by which everything that it started can be ended.
"""

import errno
import os
import random
import signal
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from lading.namespaces.build_user import BUILD_USER, ids_are_known
from lading.values.errors import LadingError

#: Above every id that others assign, and so many that two builds never choose the same one. Root
#: outside of containers sees the ids of all of them, so this holds for different containers too.
_IDS = range(BUILD_USER + 1000, 2_100_000_000)


@dataclass(frozen=True)
class ClaimedUser:
    """The id is claimed until all processes with the open file `lock` have closed it."""

    id: int
    lock: int


@contextmanager
def claimed_user() -> Iterator[ClaimedUser]:
    """An even id that no other build has; the next id is unused too."""
    if not ids_are_known(_IDS.start, len(_IDS)):
        # Device files could not be created there either.
        raise LadingError(
            "a build in a chroot needs a user id of its own, and this container's user namespace "
            "has too few: run the container without one (docker without `--userns-remap`, podman "
            "as root)."
        )
    with socket.socket(socket.AF_UNIX) as lock:
        while True:
            number = random.SystemRandom().choice(_IDS[::2])
            try:
                # Such a name ends with the last process that has the socket (unix(7)).
                lock.bind(f"\0lading-build-user-{number}")
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        yield ClaimedUser(number, lock.fileno())


def kill_processes(user: int) -> None:
    """Send SIGKILL to every process of `user`, an id from `claimed_user`, at once (kill(2), -1).

    The caller is root. The process that sends the signal has `user + 1` as its real and saved id,
    so that no process of `user` can kill it first.
    """
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(user + 1, user, user + 1)
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:  # there is none
            pass
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status:
        raise ChildProcessError(f"the processes of user {user} can't be ended (status {status})")
