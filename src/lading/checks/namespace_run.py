"""Runs commands in an image's file system, without a container engine.

They are isolated as in `run_as_root`: own namespaces, no network, docker's capabilities. Each
starts from the unchanged image; its changes are kept in memory and discarded.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Callable, Dict, List, Sequence, Tuple

from lading.checks.command_check import CommandCheck
from lading.checks.command_result import NOT_STARTED, OUT_OF_TIME, CommandResult, setup_note
from lading.files.removed_tree import remove_tree
from lading.image.config.runtime_config import DEFAULT_PATH, RuntimeConfig
from lading.image.layers.layer_blobs import LayerBlobs
from lading.image.root.account_files import AccountFiles
from lading.image.root.process_user import ProcessUser
from lading.namespaces import linux
from lading.namespaces.child import Child
from lading.namespaces.container import HOST_NAME, check_rights, enter_root, in_namespaces
from lading.namespaces.limits import LimitError
from lading.namespaces.user_namespace import UserNamespace
from lading.values.errors import LadingError

#: Files that container engines put into /etc.
_ETC_FILES = {
    "hosts": f"127.0.0.1 localhost {HOST_NAME}\n::1 localhost\n",
    "hostname": f"{HOST_NAME}\n",
    "resolv.conf": "",
}

_STREAMS = ("stdout", "stderr")

#: The most bytes that a command may print to standard output and to standard error, each.
_MAX_OUTPUT = 64 << 20

#: Seconds within which a command that has run out of time ends.
_GRACE = 10


@dataclass(frozen=True)
class NamespaceRun:
    """`work` is the absolute path of an empty directory.

    `timeout` is in seconds, for all commands together.
    """

    layers: LayerBlobs
    config: RuntimeConfig
    accounts: AccountFiles
    work: Path
    timeout: int

    def run(self, checks: Sequence[CommandCheck]) -> List[CommandResult]:
        """Run them in order. Raises LadingError if this machine or the image can't run them."""
        os.umask(0o022)
        probe = self.work / "probe"
        probe.mkdir()
        try:
            namespace = UserNamespace.of_this_user()
            namespace.run(partial(check_rights, probe))
        except LadingError as error:
            raise LadingError(
                f'{error} Or set `engine` to "docker" or "podman", if this machine has one.'
            ) from error
        namespace.run(partial(self._run_all, checks))
        results = json.loads((self.work / "results.json").read_text(encoding="ascii"))
        return [CommandResult(**{**fields, "notes": tuple(fields["notes"])}) for fields in results]

    def _run_all(self, checks: Sequence[CommandCheck]) -> int:
        """Runs as root of a user namespace."""
        os.chdir(self.work)
        root = Path("root")
        try:
            tree = self.layers.unpack(root)
            if tree.warning:
                print(tree.warning, file=sys.stderr)
            end = time.monotonic() + self.timeout
            # overlayfs treats the stand-in for a device as a deletion.
            overlays = not tree.devices and _apart(lambda: in_namespaces(_try_overlay)) == 0
            results = []
            for number, check in enumerate(checks):
                if number and not overlays:
                    remove_tree(root)
                    self.layers.unpack(root)
                results.append(self._run_one(check, overlays, end))
        finally:
            # Only this process can delete files of other owners, so nothing may interrupt it.
            for signal_number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(signal_number, signal.SIG_IGN)
            remove_tree(root)
        text = json.dumps([asdict(result) for result in results])
        Path("results.json").write_text(text, encoding="ascii")
        return 0

    def _run_one(self, check: CommandCheck, overlays: bool, end: float) -> CommandResult:
        Path("stdin").write_text(check.stdin, encoding="utf-8")
        Path("root_changes").mkdir(exist_ok=True)
        process = _ImageProcess(check, self.config, self.accounts, end)
        with open("stdin", "rb") as stdin, open("stdout", "wb") as stdout, open(
            "stderr", "wb"
        ) as stderr, open("result.json", "w", encoding="ascii") as result:

            def task() -> int:
                if overlays:
                    _mount_overlay()
                else:
                    linux.bind("root", "root")
                enter_root(Path("root").absolute())
                json.dump(process.run(stdin, stdout, stderr), result)
                result.flush()
                return 0

            _apart(lambda: _watched(task, end))
        text = Path("result.json").read_text(encoding="utf-8")
        fields = json.loads(text) if text else {"problem": "its container ended before it did"}
        streams = {
            stream: _beginning(Path(stream)).decode("utf-8", errors="replace")
            for stream in _STREAMS
        }
        return CommandResult(**{**streams, **fields})


def _beginning(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(_MAX_OUTPUT)


def _apart(task: Callable[[], int]) -> int:
    """Run `task`, which creates namespaces. A process can do that only once, so it runs in a
    child."""
    child = Child.start(task)
    try:
        return child.wait()
    except SystemExit:  # about to delete the directory that it works in
        child.kill()
        raise


def _watched(task: Callable[[], int], end: float) -> int:
    """Run `task` in namespaces; end it if it runs out of time or prints too much."""

    def watch() -> None:
        if time.monotonic() > end + _GRACE:
            raise LimitError(OUT_OF_TIME)
        if any(os.path.getsize(stream) > _MAX_OUTPUT for stream in _STREAMS):
            raise LimitError(f"it printed more than {_MAX_OUTPUT:,} bytes, and was stopped")

    try:
        return in_namespaces(task, watch=watch)
    except LimitError as error:
        problem = json.dumps({"problem": str(error)})
        Path("result.json").write_text(problem, encoding="ascii")
        return 1


def _try_overlay() -> int:
    """Runs in its own mount namespace."""
    try:
        Path("root_changes").mkdir(exist_ok=True)
        _mount_overlay()
    except OSError:
        return 1  # before Linux 5.11, or a file system that can't be a lower layer
    return 0


def _mount_overlay() -> None:
    linux.mount("tmpfs", "root_changes", "tmpfs", 0, "mode=0755")
    for name in ("upper", "work"):
        os.mkdir(f"root_changes/{name}", 0o755)
    # Short relative names, since this directory's path may have commas and colons.
    options = "lowerdir=root,upperdir=root_changes/upper,workdir=root_changes/work,userxattr"
    linux.mount("overlay", "root", "overlay", 0, options)


@dataclass(frozen=True)
class _ImageProcess:
    """A command in the image, with everything needed to start it. `end` is a time of
    time.monotonic."""

    check: CommandCheck
    config: RuntimeConfig
    accounts: AccountFiles
    end: float

    def run(self, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> Dict[str, object]:
        """Runs in the image's root. Returns fields of a `CommandResult`."""
        try:
            text = self.config.user if self.check.user is None else self.check.user
            user = ProcessUser.find(text, self.accounts)
        except LadingError as error:
            return {"problem": str(error)}
        directory = self.check.working_dir or self.config.working_dir or "/"
        try:
            self._complete(directory)
        except OSError as error:
            return {"problem": f"the image has no place for {error.filename}: {error.strerror}"}
        notes: List[str] = []
        start = _Start(user, directory, self._environment(user), self.end)
        for words in self.check.setup:
            problem, status = start.run(words, stdin, stderr, stderr)
            if problem or status:
                notes.append(setup_note(words, problem, status))
        for stream in (stdout, stderr):
            os.ftruncate(stream.fileno(), 0)
            os.lseek(stream.fileno(), 0, os.SEEK_SET)
        words = self.check.words
        if self.check.entrypoint:
            words = (*self.config.entrypoint, *(words or self.config.cmd))
        if not words:
            return {"problem": "the image has neither an entrypoint nor a command"}
        problem, status = start.run(words, stdin, stdout, stderr)
        return {"problem": problem, "exit_code": status, "notes": notes}

    def _complete(self, directory: str) -> None:
        """Create what engines create in each container."""
        for path in (*self.config.volumes, directory):
            os.makedirs(path, mode=0o755, exist_ok=True)
        for name, content in _ETC_FILES.items():
            if os.path.isdir("/etc") and not os.path.lexists(f"/etc/{name}"):
                Path("/etc", name).write_text(content, encoding="ascii")

    def _environment(self, user: ProcessUser) -> Dict[str, str]:
        return {
            "PATH": DEFAULT_PATH,
            "HOME": user.home,
            "HOSTNAME": HOST_NAME,
            **self.config.env,
            **dict(self.check.env),
        }


@dataclass(frozen=True)
class _Start:
    user: ProcessUser
    directory: str
    environment: Dict[str, str]
    end: float

    def run(
        self, words: Sequence[str], stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]
    ) -> Tuple[str, int]:
        """(problem, exit status); a problem is a sentence, "" for none."""
        left = self.end - time.monotonic()
        if left <= 0:
            return NOT_STARTED, 0
        try:
            process = subprocess.Popen(
                words,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env=self.environment,
                cwd=self.directory,
                user=self.user.uid,
                group=self.user.gid,
                extra_groups=self.user.groups,
                start_new_session=True,
            )
        except OSError as error:
            path = self.environment["PATH"]
            return f"{words[0]} can't be run: {error.strerror} (PATH is {path})", 0
        try:
            status = process.wait(left)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return OUT_OF_TIME, 0
        # The status that shells report if a signal ended a program.
        return "", 128 - status if status < 0 else status
