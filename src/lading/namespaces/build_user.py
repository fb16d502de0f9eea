"""The user that runs builds for root; it has no rights, like Nix's build users.

With a namespace alone, root's builds would have the machine's root as their user id, which owns
everything that the namespace does not hide. So a user without an account runs what root builds.
That user can't enter root's directories, and inside the build root's files would appear to belong
to somebody else. A mount namespace solves both problems: what the build needs is mounted below
/tmp, and what it shares with other builds is mounted so that root's files are this user's
(mount_setattr(2), MOUNT_ATTR_IDMAP; Linux 5.12).
"""

import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping, Optional

from lading.namespaces import linux
from lading.namespaces.devices import protect_devices

#: Above all ids that distributions, containers and systemd assign (systemd, UIDS-GIDS).
BUILD_USER = 1_900_001_000

#: Where the build's files are mounted. Everybody may enter it, and bubblewrap needs it.
_PLACE = Path("/tmp")


@dataclass(frozen=True)
class Stage:
    """What the build user sees, mounted at the empty directory `place`: its `own` directories
    unchanged, and `shared` ones as if it owned them. Each has a name. `namespace` is an open user
    namespace in which root is the build user."""

    place: Path
    own: Mapping[Path, str]
    shared: Mapping[Path, str]
    namespace: int

    def path(self, path: Path) -> str:
        """The path at which the user sees `path`."""
        for directory, name in (*self.own.items(), *self.shared.items()):
            if directory == path or directory in path.parents:
                return str(_PLACE / name / path.relative_to(directory))
        return str(path)

    def enter(self) -> None:
        """Become the user, in a mount namespace with the directories: in a child, before execve."""
        mounts = {name: self.mount(directory) for directory, name in self.shared.items()}
        protect_devices()
        linux.mount("tmpfs", self.place, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0755")
        for directory, name in self.own.items():
            (self.place / name).mkdir()
            linux.bind(directory, self.place / name)
        for name, mount in mounts.items():
            if stat.S_ISDIR(os.fstat(mount).st_mode):
                (self.place / name).mkdir()
            else:
                (self.place / name).touch()
            linux.attach(mount, self.place / name)
        linux.bind(self.place, _PLACE)
        os.setgroups([])
        os.setresgid(BUILD_USER, BUILD_USER, BUILD_USER)
        os.setresuid(BUILD_USER, BUILD_USER, BUILD_USER)

    def mount(self, directory: Path) -> int:
        """A mount of a shared directory, as an open file that can be attached once."""
        mount = linux.detached_mount(directory)
        linux.map_ids(mount, self.namespace)
        return mount

    def give(self) -> None:
        """Make the user the owner of its own directories and everything in them."""
        for directory in self.own:
            for place, directories, files in os.walk(directory):
                os.chown(place, BUILD_USER, BUILD_USER)
                for name in (*directories, *files):
                    path = os.path.join(place, name)
                    os.chown(path, BUILD_USER, BUILD_USER, follow_symlinks=False)


@contextmanager
def staged_for_build_user(
    place: Path, own: Mapping[Path, str], shared: Mapping[Path, str]
) -> Iterator[Optional[Stage]]:
    """None if the builder is not root, and if root can't have another user run builds: because of
    an old kernel, a file system without such mounts, or a container without CAP_SYS_ADMIN. `place`
    is an empty directory.
    """
    if os.geteuid() or not ids_are_known(BUILD_USER, 1):
        yield None
        return
    with ExitStack() as open_namespace:
        stage = None
        with suppress(OSError):
            namespace = open_namespace.enter_context(_namespace_of_build_user())
            tried = Stage(place, own, shared, namespace)
            for directory in shared:
                os.close(tried.mount(directory))
            stage = tried
        yield stage


def ids_are_known(first: int, count: int) -> bool:
    """Whether this process' user namespace has these ids for users and for groups."""
    for kind in ("uid", "gid"):
        lines = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
        ranges = [[int(word) for word in line.split()] for line in lines]
        if not any(start <= first and first + count <= start + size for start, _, size in ranges):
            return False
    return True


@contextmanager
def _namespace_of_build_user() -> Iterator[int]:
    """An open user namespace in which root is the build user."""
    (ready, is_ready), (done, is_done) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(is_done)
            linux.unshare(linux.CLONE_NEWUSER)
            os.write(is_ready, b"1")
            os.read(done, 1)
        finally:
            os._exit(0)
    os.close(is_ready)
    os.close(done)
    try:
        if not os.read(ready, 1):
            raise PermissionError("no user namespace can be made")
        for kind in ("uid", "gid"):
            Path(f"/proc/{pid}/{kind}_map").write_text(f"0 {BUILD_USER} 1\n", encoding="ascii")
        namespace = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
        try:
            yield namespace
        finally:
            os.close(namespace)
    finally:
        os.close(is_done)
        os.close(ready)
        os.waitpid(pid, 0)
