"""Runs one command in a chroot, and ends whatever it leaves: what bubblewrap is for namespaces.

    python -m lading.store.build.chroot_main REQUEST EVENTS LOCK

The arguments are open files: a `ChrootRequest`, a pipe for what bubblewrap writes to its
`--json-status-fd`, and the lock of the user's id, which is held until no process is left. The exit
status is that of the command.
"""

import os
import signal
import sys
from dataclasses import dataclass
from typing import List, Mapping, NoReturn, Tuple

from lading.namespaces import linux
from lading.namespaces.claimed_user import kill_processes
from lading.namespaces.keyring import leave_session_keyring
from lading.namespaces.seccomp import LOCAL_FAMILIES, forbid_system_calls
from lading.values.json_codec import from_json

#: Signals that end the command.
_ENDING = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True)
class ChrootRequest:
    """`parent` is the process that asks; the command does not outlive it."""

    root: str
    user: int
    parent: int
    command: Tuple[str, ...]
    environment: Mapping[str, str]


def main(argv: List[str]) -> int:
    request_file, events, _ = files = [int(number) for number in argv]
    for file in files:
        os.set_inheritable(file, False)
    with open(request_file, encoding="utf-8") as text:
        request = from_json(ChrootRequest, text.read())
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDING, signal.SIGCHLD})
    linux.die_with_parent(signal.SIGTERM)
    linux.adopt_orphans()
    if os.getppid() != request.parent:
        return 1
    return _run(request, events)


def _run(request: ChrootRequest, events: int) -> int:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(request, writing)
    os.close(writing)
    os.write(events, b'{"child-pid": %d}\n' % pid)
    with open(reading, encoding="utf-8", errors="replace") as words:
        failure = words.read()
    if failure:
        os.waitpid(pid, 0)
        sys.stderr.write(f"chroot: {failure}\n")
        return 1
    try:
        status = _wait(pid)
    finally:
        kill_processes(request.user)
        _reap()
    os.write(events, b'{"exit-code": %d}\n' % status)
    return status


def _wait(pid: int) -> int:
    """The exit status of process `pid`, or as in a shell 128 plus the number of the signal that
    ended it."""
    while True:
        received = signal.sigwait({*_ENDING, signal.SIGCHLD})
        if received != signal.SIGCHLD:
            return 128 + received
        # One SIGCHLD may stand for several processes; how orphans ended does not matter.
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == pid:
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else status >> 8
            if ended == 0:
                break


def _reap() -> None:
    """Wait until all processes have ended: orphans are children of this one."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _become(request: ChrootRequest, failure: int) -> NoReturn:
    """Replace this process by the command; the reason is written to `failure` if that fails."""
    what = ""
    try:
        _enter(request)
        what = f"execvp {request.command[0]}: "
        # bubblewrap sets PWD, too.
        environment = {**request.environment, "PWD": os.getcwd()}
        os.execvpe(request.command[0], request.command, environment)
    except OSError as error:
        what += str(error.strerror) if what else str(error)
    except Exception as error:
        what += str(error)
    finally:
        os.write(failure, what.encode("utf-8", "replace"))
        os._exit(1)


def _enter(request: ChrootRequest) -> None:
    """Enter the chroot, and give up all rights but those of the user."""
    os.setsid()
    leave_session_keyring()
    os.chroot(request.root)
    os.chdir("/build")
    os.umask(0o022)
    for number in range(64):
        if not linux.forgo_capability(number):
            break
    os.setgroups([])
    os.setresgid(request.user, request.user, request.user)
    os.setresuid(request.user, request.user, request.user)
    linux.die_with_parent(signal.SIGKILL)
    linux.forbid_new_rights()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    forbid_system_calls(LOCAL_FAMILIES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
