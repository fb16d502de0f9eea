"""Unpacks the layers of an image over each other, as a container runtime does.

Owners, modes, hard links, extended attributes and modification times are kept; whiteouts delete
files. Layers are untrusted: this must run inside a chroot (`linux.inside`), so that no member's
path or link can lead out of the tree.
"""

import errno
import os
import shutil
import stat
from typing import Callable, Dict, FrozenSet, Iterable, Iterator, List, Optional, Tuple

from lading.files.attributes import is_kept, read_attributes, set_attribute
from lading.files.bounds import TreeBound
from lading.files.entry import DIRECTORY_MODE, Entry
from lading.files.kind import Kind
from lading.files.layer_error import about_layer
from lading.image.layers.layer_applier import LayerApplier
from lading.runtime.full_disk import FULL
from lading.tar.layer_archive import LayerArchive
from lading.values.counted import counted
from lading.values.errors import LadingError
from lading.values.foreign_text import printable

_CHUNK = 1 << 20

_Read = Callable[[int], bytes]


def unpack_layer(
    tar: Iterator[bytes], skipped: FrozenSet[str], bound: TreeBound, tree: "DiskTree"
) -> None:
    """Unpack a tar archive into `/`, over what is there, which `tree` already knows.

    Members at and below the paths in `skipped` (without leading slash) are left out. Raises
    LadingError for an archive that is damaged, that no runtime could unpack or that exceeds the
    bound, and if the disk is full.
    """
    applier = LayerApplier(tree, bound, skipped)
    with about_layer("a layer of the image"):
        archive = LayerArchive(tar)
        while (member := archive.next_member()) is not None:
            try:
                applier.add(member, archive.read)
            except OSError as error:
                raise _refusal(member.path, error) from error
        applier.finish()
        for _ in tar:
            pass  # what follows the archive's end must be sound and within bounds, too


#: Type, major and minor number.
Device = Tuple[Kind, int, int]


class DiskTree:
    """The `FileTree` at `/`.

    Only the machine's root may create devices. The character device 0:0, which does not exist,
    stands for each of them: it can be seen, removed and moved, but neither read nor written.
    """

    def __init__(self) -> None:
        #: The devices of the image, by the inodes of their stand-ins.
        self.devices: Dict[int, Device] = {}
        self._lost: List[str] = []

    @property
    def warning(self) -> str:
        """A sentence about what was lost; "" if nothing was."""
        if not self._lost:
            return ""
        return (
            f"{counted(len(self._lost), 'extended attribute')} of the image's files, such as "
            f"{self._lost[0]}, can't be set in the temporary directory, so commands don't see them "
            "and files that they change lose them."
        )

    def link_target(self, path: str) -> Optional[str]:
        try:
            return os.readlink(_host(path)).decode("utf-8", "surrogateescape")
        except OSError:
            return None  # it is no link, or does not exist

    def is_directory(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(_host(path)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def has(self, path: str) -> bool:
        return os.path.lexists(_host(path))

    def names(self, directory: str) -> Iterable[str]:
        return (name.decode("utf-8", "surrogateescape") for name in os.listdir(_host(directory)))

    def remove(self, path: str) -> None:
        if self.is_directory(path):
            shutil.rmtree(_host(path))
        else:
            os.unlink(_host(path))

    def make_directory(self, path: str) -> None:
        # Set explicitly, because the umask and a parent with a setgid bit change it.
        os.mkdir(_host(path))
        os.chown(_host(path), 0, 0)
        os.chmod(_host(path), DIRECTORY_MODE)

    def describe_directory(self, path: str, member: Entry) -> None:
        for name, _ in read_attributes(_host(path)):
            os.removexattr(_host(path), name)  # the last layer decides
        self._describe(path, member)

    def make(self, path: str, member: Entry, content: _Read) -> None:
        place = _host(path)
        if member.kind == Kind.SYMLINK:
            os.symlink(member.target.encode("utf-8", "surrogateescape"), place)
            _change_owner(place, member)
        elif member.kind == Kind.PIPE:
            os.mkfifo(place)
            self._describe(path, member)
        elif member.kind.is_device:
            self._make_device(path, member)
        else:
            _write_file(place, content)
            self._describe(path, member)
            os.utime(place, (member.mtime, member.mtime))

    def link(self, source: str, path: str) -> None:
        os.link(_host(source), _host(path), follow_symlinks=False)

    def _make_device(self, path: str, member: Entry) -> None:
        place = _host(path)
        try:
            # Since Linux 5.8 everybody may create this device (vfs_mknod).
            os.mknod(place, stat.S_IFCHR, os.makedev(0, 0))
        except PermissionError as error:
            if path.startswith("dev/"):
                return  # A container has a /dev of its own.
            raise LadingError(
                f"the image has the device /{printable(path)}, which can't be shown to commands "
                f"where the temporary directory is ({error.strerror}): set Pants' "
                "`[GLOBAL].local_execution_root_dir` to one that is not on an overlay, with "
                "Linux 5.8 or later."
            ) from error
        self._describe(path, member)
        assert member.device is not None, "as it is a device"
        self.devices[os.lstat(place).st_ino] = (member.kind, *member.device)

    def _describe(self, path: str, member: Entry) -> None:
        place = _host(path)
        _change_owner(place, member)
        os.chmod(place, member.mode)  # after the owner, whose change clears setuid
        for name, value in member.xattrs:
            if is_kept(name):
                self._set_attribute(path, name, value)

    def _set_attribute(self, path: str, name: str, value: bytes) -> None:
        try:
            if not set_attribute(_host(path), name, value):
                self._lost.append(f"{name} of /{path}")
        except OSError as error:
            raise LadingError(
                f"a layer of the image has /{printable(path)} with the attribute "
                f"{printable(name)}, whose value Linux does not take ({error.strerror}). Fix the "
                "image where it is built, or choose another one."
            ) from error


def _write_file(place: bytes, read: _Read) -> None:
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb") as file:
        while chunk := read(_CHUNK):
            file.write(chunk)


def _change_owner(place: bytes, member: Entry) -> None:
    try:
        os.chown(place, member.uid, member.gid, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.EINVAL:
            # The id is not mapped (user_namespaces(7)).
            owner = f"{member.uid}:{member.gid}"
            text = f"its owner {owner} is not among the ids of /etc/subuid and /etc/subgid"
            raise OSError(errno.EINVAL, text) from error
        raise


def _host(path: str) -> bytes:
    """The path for a system call: UTF-8 whatever the locale, unlike os.fsencode."""
    return b"/" + path.encode("utf-8", "surrogateescape")


def _refusal(name: str, error: OSError) -> LadingError:
    name = printable(name)
    if error.errno in FULL:
        return LadingError(
            f"there is no room to unpack the image ({error.strerror} at /{name}): make room in "
            "the temporary directory, or set Pants' `[GLOBAL].local_execution_root_dir` to a "
            "bigger one."
        )
    return LadingError(
        f"a layer of the image has /{name}, which can't be unpacked: {error.strerror}. Fix the "
        "image where it is built, or choose another one."
    )
