"""What the two sandboxes for builds have in common: only declared inputs exist there.

Inside, the build root lies at /usr, the dependencies at /store, the script and the sources at
/lading. Only `$out`, /build, /tmp and /dev/shm are writable. There is no network, and nothing of
the host's files and environment. docs/security.md lists what a build can't do.
"""

import errno
import os
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Iterator, Mapping, Optional, Sequence, Tuple

from lading.namespaces.limits import Limits
from lading.store.build.watch import Watch
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown
from lading.values.path import StorePath

#: Links in the root to directories of the build root.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

# More bytes than any message of a program that makes a sandbox has.
_LONGEST_WORDS = 4096

_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"


@dataclass(frozen=True)
class Sandbox(ABC):
    """What one build may see."""

    #: The directory that holds `usr` and `etc`.
    build_root: Path
    #: A directory for this build alone.
    work: Path
    #: Store paths with the directories that they are unpacked in.
    dependencies: Tuple[Tuple[StorePath, Path], ...]

    @property
    def root(self) -> Path:
        """The directory on the host with what lies at /store (where only `$out` matters), /build,
        /lading and /etc in the sandbox."""
        return self.work

    @property
    @abstractmethod
    def user(self) -> int:
        """The user that builds are inside."""

    @property
    def owner(self) -> Optional[int]:
        """Only files of this user count towards the limit; None if all do."""
        return None

    @property
    def traces(self) -> Tuple[str, ...]:
        """What a build can find out about this machine and must not write to its output."""
        return ()

    def prepare(self) -> None:
        """Create the directories and files on the host that the sandbox consists of.

        Only their owner can ever access them: a build may create setuid files.
        """
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("store", "build", "lading", "etc"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name, text in self._etc_files():
            (self.root / "etc" / name).write_text(text, encoding="ascii")

    def _etc_files(self) -> Iterator[Tuple[str, str]]:
        yield (
            "passwd",
            "root:x:0:0:root:/root:/bin/sh\n"
            f"builder:x:{self.user}:{self.user}:builder:/build:/bin/sh\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n",
        )
        yield "group", f"root:x:0:\nbuilder:x:{self.user}:\nnogroup:x:65534:\n"
        yield "hosts", _HOSTS

    @abstractmethod
    def hand_over(self) -> None:
        """Give what was put into `root` to the user who runs the build."""

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: IO[bytes],
        limits: Limits,
    ) -> int:
        """Run `command` with its output in the new file `log`; returns the exit status.

        Raises `LadingError` if no sandbox can be made or the build root has no such program, and
        `LimitError` if the command exceeds a limit. In no case is a process left.
        """
        _check_variables(environment)
        (output, output_end), (events, events_end) = os.pipe(), os.pipe()
        try:
            try:
                process = self._start(command, environment, output_end, events_end)
            finally:
                os.close(output_end)
                os.close(events_end)
            watch = Watch(process, output, events, limits, self._written(), self.owner)
            status = watch.copy_output(log)
        finally:
            os.close(output)
            os.close(events)
        if status > 0 and not watch.command_has_run:
            raise LadingError(self._why_not(command[0], Path(log.name)))
        self._check_output()
        return status

    @abstractmethod
    def _check_output(self) -> None:
        """Raises `LadingError` if the command left something that must not be touched."""

    def _written(self) -> Tuple[Path, ...]:
        """The directories on disk that the build may write to."""
        return (self.root / "store", self.root / "build")

    @abstractmethod
    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], output: int, events: int
    ) -> "subprocess.Popen[bytes]":
        """Start `command` with its output in the open file `output`. What is written to `events`
        is that of bubblewrap's `--json-status-fd`."""

    def _why_not(self, program: str, log: Path) -> str:
        """Why the sandbox could not run `program`; `log` has only the sandbox's own messages."""
        with log.open("rb") as file:
            words = shown(printable(file.read(_LONGEST_WORDS).decode("utf-8", "replace").strip()))
        if os.strerror(errno.E2BIG) in words:
            return (
                f"{program} can't be started with variables this long ({words}): Linux allows "
                "131,071 bytes in one, including its name. Shorten `env`, or put the text into a "
                "file and read it in `script`."
            )
        if ": execvp" in words:
            return (
                f"the build root can't run {program} ({words}): add the Debian package that has "
                "it to `debian_packages` of the `build_root`."
            )
        return self._refusal(words)

    @abstractmethod
    def _refusal(self, words: str) -> str:
        """Why no sandbox can be made, and what to do. `words` are those of the program that makes
        it."""


def _check_variables(environment: Mapping[str, str]) -> None:
    """Within bubblewrap's options, a NUL in a value would turn the rest of it into options."""
    for name, value in environment.items():
        if "\0" in f"{name}{value}":
            raise LadingError(
                f"the build has the variable {printable(shown(f'{name}={value}'))} with a NUL "
                "character in it, which no variable can hold. Remove the character from `env`."
            )
