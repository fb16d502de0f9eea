"""The same bytes whoever builds, and wherever."""

import os
import pwd
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator, Tuple

import pytest
from conftest import BUILD_ROOT, require
from repository import Repository, copy_work_tree

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

#: What takes other owners than oneself, and what umask and user could have a part in.
OWNERS = """
docker_image(
    name="image",
    run_as_root=\"\"\"
        mkdir /srv /srv/inner
        umask > /srv/umask
        id > /srv/id
        ln /srv/id /srv/inner/id
        chown -R 65534:12345 /srv/inner
        chmod 4751 /srv/umask
        chmod 2770 /srv
    \"\"\",
    run_as_root_tools=["//3rdparty/bash", "//3rdparty/coreutils"],
)
"""

_WITH_UMASK = 'umask 077; exec "$@"'

_WITHOUT_SUBORDINATE_IDS = (
    *("unshare", "--mount", "sh", "-c", 'mount --bind /dev/null /etc/subuid; exec "$@"', "sh"),
)


@pytest.fixture(scope="module")
def account() -> Iterator[Tuple[int, int]]:
    """The ids of another user than the one who runs the tests; only root can be somebody else."""
    if os.getuid() != 0:
        yield os.getuid(), os.getgid()
        return
    name = f"lading-test-{os.getpid()}"
    subprocess.run(["useradd", "--no-create-home", "--shell=/bin/sh", name], check=True)
    try:
        user = pwd.getpwnam(name)
        yield user.pw_uid, user.pw_gid
    finally:
        subprocess.run(["userdel", name], check=True)


@pytest.fixture(scope="module")
def elsewhere(account: Tuple[int, int]) -> Iterator[Repository]:
    """A copy of the work tree of that user's, with nothing shared: no launcher's environment, no
    caches, no downloads."""
    # Directories of pytest are for its own user only.
    with tempfile.TemporaryDirectory(prefix="lading-") as temporary:
        directory = Path(temporary)
        root, home, spare = (directory / name for name in ("another clone", "home", "spare"))
        for created in (root, home, spare):
            created.mkdir()
        copy_work_tree(BUILD_ROOT, root)
        for path in (directory, *directory.rglob("*")):
            os.chown(path, *account, follow_symlinks=False)
        repository = Repository(root, _environ(home), _command_prefix(account, spare))
        try:
            yield repository
        finally:
            repository.stop_pantsd()


def _environ(home: Path) -> Dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PANTS_", "XDG_", "PYENV_"))
    }
    path = f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin"
    return {**inherited, **SURROUNDINGS, "HOME": str(home), "PATH": path}


def _command_prefix(account: Tuple[int, int], spare: Path) -> Tuple[str, ...]:
    if os.getuid() != 0:
        return ("sh", "-c", _WITH_UMASK, "sh")
    python = Path(sys.base_prefix)
    parents = reversed(python.parents)
    closed = next((str(parent) for parent in parents if not parent.stat().st_mode & 0o001), "")
    arguments = (str(python), str(spare), closed, *map(str, account))
    return ("unshare", "--mount", "sh", "-c", _AS_ANOTHER_USER, "sh", *arguments)


def test_another_user_directory_umask_locale_and_time_zone(
    images: Path, elsewhere: Repository
) -> None:
    elsewhere.pants("package", "//images:redis")
    theirs = elsewhere.root / "dist/images"
    # First the description, whose differences tell more: it has the store paths.
    assert (theirs / "redis.json").read_text() == (images / "redis.json").read_text()
    assert (theirs / "redis.tar").read_bytes() == (images / "redis.tar").read_bytes()


def test_commands_run_as_root_by_root_and_by_another_user(
    repository: Repository, elsewhere: Repository
) -> None:
    archives = []
    for one in (repository, elsewhere):
        with one.declared("owners", OWNERS) as directory:
            one.pants("package", "owners:image")
            archives.append((directory / "image.tar").read_bytes())
    assert archives[0] == archives[1]


def test_what_another_user_misses_to_run_commands_as_root_is_told(elsewhere: Repository) -> None:
    require("root", ["unshare", "--mount", "true"])
    poorer = replace(elsewhere, prefix=(*_WITHOUT_SUBORDINATE_IDS, *elsewhere.prefix))
    with elsewhere.declared("owners", OWNERS.replace("/srv", "/var/srv")):
        error = poorer.failing_pants("--no-pantsd", "package", "owners:image")
    assert "`docker_image` owners:image: `run_as_root`: commands in an image need " in error
    assert "subordinate ids, and /etc/subuid has no ids for the user lading-test-" in error
    assert "run `usermod --add-subuids " in error
    assert "Without any such right, `users`, `groups`, `directories`, " in error
