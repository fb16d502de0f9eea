"""Runs a program in an image's file system, with the terminal but without a container engine.

It is for inspecting an image. The program has its own namespaces, except for the network, which is
the machine's. Its changes are discarded afterwards.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Sequence

from lading.image.config.runtime_config import DEFAULT_PATH, RuntimeConfig
from lading.image.layers.layer_blobs import LayerBlobs
from lading.image.root.account_files import ACCOUNT_FILES, AccountFiles
from lading.image.root.process_user import ProcessUser
from lading.namespaces import linux
from lading.namespaces.container import enter_root, in_namespaces
from lading.namespaces.user_namespace import UserNamespace
from lading.run.cleaner import Cleaner
from lading.run.terminal import ContainerTerminal, has_terminal, terminal_kept
from lading.values.errors import LadingError

# Files that container engines take from the machine.
_ETC_FILES = ("hosts", "hostname", "resolv.conf")


@dataclass(frozen=True)
class NamespaceSession:
    """`work` is the absolute path of an empty directory, which is removed in the end."""

    layers: LayerBlobs
    config: RuntimeConfig
    work: Path

    def run(self, arguments: Sequence[str]) -> int:
        """Run the image's entrypoint with `arguments`, or with its `cmd`; returns the exit status.

        Raises LadingError if this machine does not allow it.
        """
        os.umask(0o022)
        # Ctrl-C is for the program in the image.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with terminal_kept():
            return UserNamespace.of_this_user().run(lambda: self._run(arguments))

    def _run(self, arguments: Sequence[str]) -> int:
        """Runs as root of a user namespace."""
        os.chdir(self.work)
        cleaner = Cleaner.start(self.work)
        try:
            root = Path("root")
            tree = self.layers.unpack(root)
            if tree.warning:
                print(tree.warning, file=sys.stderr)
            _take_from_machine(root)
            return in_namespaces(lambda: self._start(root, arguments), own_network=False)
        finally:
            cleaner.finish()

    def _start(self, root: Path, arguments: Sequence[str]) -> int:
        linux.bind(root, root)
        enter_root(root.absolute())
        user = ProcessUser.find(self.config.user, _accounts())
        directory = self.config.working_dir or "/"
        for path in (*self.config.volumes, directory):
            _make_directory(path)
        words = (*self.config.entrypoint, *(arguments or self.config.cmd))
        if not words:
            raise LadingError(
                "the image has neither `entrypoint` nor `cmd`: name a program after `--`."
            )
        environment = self._environment(user)
        terminal = ContainerTerminal.open(user.uid) if has_terminal() else None
        stream = terminal.slave if terminal else None

        def prepare() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if terminal:
                terminal.take()

        try:
            process = subprocess.Popen(
                words,
                stdin=stream,
                stdout=stream,
                stderr=stream,
                env=environment,
                cwd=directory,
                user=user.uid,
                group=user.gid,
                extra_groups=user.groups,
                start_new_session=terminal is not None,
                preexec_fn=prepare,
            )
        except OSError as error:
            raise LadingError(
                f"{words[0]} can't be run in the image ({error.strerror}; PATH is "
                f"{environment['PATH']}): name a program that it has."
            ) from error
        if terminal:
            signal.signal(signal.SIGINT, lambda *_: process.send_signal(signal.SIGINT))
            terminal.relay(process)
        status = process.wait()
        # The status that shells report if a signal ended a program.
        return 128 - status if status < 0 else status

    def _environment(self, user: ProcessUser) -> Dict[str, str]:
        terminal = {"TERM": os.environ["TERM"]} if "TERM" in os.environ else {}
        return {"PATH": DEFAULT_PATH, "HOME": user.home, **terminal, **self.config.env}


def _make_directory(path: str) -> None:
    try:
        os.makedirs(path, mode=0o755, exist_ok=True)
    except OSError as error:
        raise LadingError(
            f"the image's working directory or volume {path} can't be made ({error.strerror}): "
            "leave out the file of the image that is in the way."
        ) from error


def _accounts() -> AccountFiles:
    data = {}
    for path in ACCOUNT_FILES:
        file = Path("/", path)
        if file.is_file():
            data[path] = file.read_bytes()
    return AccountFiles.from_data(data)


def _take_from_machine(root: Path) -> None:
    """Names and addresses, for an image without its own."""
    with linux.inside(root):
        has_etc = os.path.isdir("/etc")
        missing = [name for name in _ETC_FILES if not os.path.lexists(f"/etc/{name}")]
    contents = {name: Path("/etc", name) for name in missing if has_etc}
    texts = {name: file.read_bytes() for name, file in contents.items() if file.is_file()}
    with linux.inside(root):
        for name, text in texts.items():
            Path("/etc", name).write_bytes(text)
