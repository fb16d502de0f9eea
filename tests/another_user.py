"""Another user of this machine, with nothing of what belongs to the one who runs the tests."""

import os
import pwd
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Mapping, Tuple

from repository import QUICK_START, Repository, copy_work_tree

#: What may not matter. None of the values is the one that CI has.
SURROUNDINGS = {
    "LC_ALL": "C",
    "LANGUAGE": "de",
    "TZ": "Pacific/Kiritimati",
    "SOURCE_DATE_EPOCH": "1",
    "CFLAGS": "-O0",
}

# Runs the command behind the first five arguments as another user, who sees the Python 3.9 of
# ours even if it lies in a home directory that is closed to others.
_AS_ANOTHER_USER = """
set -e
python=$1 spare=$2 closed=$3 uid=$4 gid=$5
shift 5
if [ -n "$closed" ]; then
    mount --bind "$python" "$spare"
    mount -t tmpfs -o mode=755 tmpfs "$closed"
    mkdir -p "$python"
    mount --bind "$spare" "$python"
fi
umask 077
exec setpriv --reuid="$uid" --regid="$gid" --clear-groups "$@"
"""

_WITH_UMASK = 'umask 077; exec "$@"'


@dataclass(frozen=True)
class AnotherUser:
    """`directory` is the user's own; the home directory is in it."""

    uid: int
    gid: int
    directory: Path

    def repository(self, source: Path, name: str, environ: Mapping[str, str]) -> Repository:
        """A copy of the work tree `source`, with `environ` besides the user's own environment."""
        root = self.directory / name
        root.mkdir()
        copy_work_tree(source, root)
        self.give(root)
        return Repository(root, {**self._environ(), **environ}, self._command_prefix())

    def give(self, directory: Path) -> None:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def _environ(self) -> Dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PANTS_", "XDG_", "PYENV_"))
        }
        path = f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin"
        home = str(self.directory / "home")
        return {**inherited, **SURROUNDINGS, **QUICK_START, "HOME": home, "PATH": path}

    def _command_prefix(self) -> Tuple[str, ...]:
        if os.getuid() != 0:
            return ("sh", "-c", _WITH_UMASK, "sh")
        python = Path(sys.base_prefix)
        parents = reversed(python.parents)
        closed = next((str(parent) for parent in parents if not parent.stat().st_mode & 0o001), "")
        spare = self.directory / "spare"
        arguments = (str(python), str(spare), closed, str(self.uid), str(self.gid))
        return ("unshare", "--mount", "sh", "-c", _AS_ANOTHER_USER, "sh", *arguments)


@contextmanager
def another_user() -> Iterator[AnotherUser]:
    """One who has just been made; only root can be somebody else."""
    # Directories of pytest are for its own user only.
    with tempfile.TemporaryDirectory(prefix="lading-") as temporary, _account() as ids:
        user = AnotherUser(*ids, Path(temporary))
        for name in ("home", "spare"):
            (user.directory / name).mkdir()
        user.give(user.directory)
        yield user


@contextmanager
def _account() -> Iterator[Tuple[int, int]]:
    if os.getuid() != 0:
        yield os.getuid(), os.getgid()
        return
    name = f"lading-test-{os.getpid()}"
    subprocess.run(["useradd", "--no-create-home", "--shell=/bin/sh", name], check=True)
    try:
        account = pwd.getpwnam(name)
        yield account.pw_uid, account.pw_gid
    finally:
        subprocess.run(["userdel", name], check=True)
