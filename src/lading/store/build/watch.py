"""Watches a running build: copies its output to the log, and ends it when it exceeds a limit."""

import json
import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Iterator, Optional, Tuple

from lading.namespaces.limits import Limits
from lading.namespaces.linux import open_process
from lading.runtime.full_disk import FULL
from lading.values.errors import LadingError

_CHUNK = 1 << 16

#: The least seconds between two looks at the disk. Looking takes at most one part in `_DISK_SHARE`
#: of the time.
_DISK_INTERVAL = 5.0
_DISK_SHARE = 50

#: Seconds within which the processes of a build disappear after they were killed.
_GRACE = 10

#: The same if many of them have much memory and the machine is busy.
_LONG_GRACE = 300


@dataclass
class Watch:
    """`output` and `events` are the reading ends of pipes: the output of the build, and
    bubblewrap's `--json-status-fd`. The files below `directories` count towards the limit; if
    `owner` is set, only those of this user."""

    process: "subprocess.Popen[bytes]"
    output: int
    events: int
    limits: Limits
    directories: Tuple[Path, ...]
    owner: Optional[int] = None
    status: bytes = b""
    first: int = -1

    def copy_output(self, log: IO[bytes]) -> int:
        """Copy the build's output to `log` until the build has ended; returns bubblewrap's exit
        status.

        Raises `LimitError` if the build exceeds a limit. Whatever is raised, no process is left.
        """
        try:
            for data in self._chunks():
                _append(log, data)
            status = self.process.wait()
            if not self._all_have_ended(_LONG_GRACE):
                raise LadingError(
                    f"processes of the build have not ended {_LONG_GRACE} s after they were "
                    "killed, and could still change what was built: find out what keeps them "
                    "alive."
                )
            return status
        except BaseException:
            self._kill()
            raise
        finally:
            if self.first >= 0:
                os.close(self.first)

    @property
    def command_has_run(self) -> bool:
        """Whether the command ran: bubblewrap reports only the command's exit status, not its
        own."""
        return b'"exit-code"' in self.status

    def _chunks(self) -> Iterator[bytes]:
        begin = time.monotonic()
        look = begin + _DISK_INTERVAL
        size = 0
        poll = select.poll()
        pending = {self.output, self.events}
        for pipe in pending:
            poll.register(pipe, select.POLLIN)
        while pending:
            now = time.monotonic()
            self.limits.check_time(now - begin)
            if now >= look:
                self.limits.check_disk(self._size_on_disk())
                took = time.monotonic() - now
                look = now + max(_DISK_INTERVAL, took * _DISK_SHARE)
            wait = min(look, begin + self.limits.timeout) - now
            for pipe, _ in poll.poll(max(wait, 0) * 1000 + 1):
                data = os.read(pipe, _CHUNK)
                if not data:
                    poll.unregister(pipe)
                    pending.remove(pipe)
                elif pipe == self.events:
                    self.status += data
                    self._note_first_process()
                else:
                    size += len(data)
                    self.limits.check_log(size)
                    yield data

    def _size_on_disk(self) -> int:
        """Files that can't be seen or are just being removed count as 0."""
        size, pending = 0, [os.fspath(directory) for directory in self.directories]
        while pending:
            with suppress(OSError), os.scandir(pending.pop()) as entries:
                for entry in entries:
                    with suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        if self.owner in (None, status.st_uid):
                            size += status.st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
        return size

    def _note_first_process(self) -> None:
        pid = _first_process(self.status)
        if pid and self.first < 0:
            with suppress(OSError):  # it has ended, or the kernel is too old
                self.first = open_process(pid)

    def _all_have_ended(self, seconds: float) -> bool:
        """Whether all processes have ended, after at most the given number of seconds.

        bubblewrap ends as soon as it has the command's status, and the pipes are closed before the
        kernel kills the command's remaining processes. The first process ends last.
        """
        if self.first < 0:
            return True
        poll = select.poll()
        poll.register(self.first, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _kill(self) -> None:
        """End the sandbox by killing its first process; the kernel then ends all others.

        bubblewrap's own process is the last to end. If it were killed, the first process would get
        a signal too, but nobody would wait until the others are gone.
        """
        first = _first_process(self.status)
        if first and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(first, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE)
        self.process.kill()
        self.process.wait()
        self._all_have_ended(_GRACE)


def _append(log: IO[bytes], data: bytes) -> None:
    """Write as long as there is room. On a full disk the build itself fails, and reports why."""
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(log.fileno(), left) :]
    except OSError as error:
        if error.errno not in FULL:
            raise


def _first_process(status: bytes) -> int:
    """The process id, outside of the sandbox, of its first process; 0 if there is none yet."""
    for line in status.splitlines():
        with suppress(ValueError):
            pid = json.loads(line).get("child-pid")
            if isinstance(pid, int):
                return pid
    return 0
