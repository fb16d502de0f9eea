"""Unpacks the layers of an image over each other, as a container runtime does.

Owners, modes, hard links, file capabilities and modification times are kept; what a layer whites
out is gone. Layers are other people's bytes: this must run inside a chroot (`linux.inside`), so
that no member's path or link leads out of the tree, whatever it says.
"""

import errno
import gzip
import os
import posixpath
import shutil
import stat
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import IO, BinaryIO, FrozenSet, Set, cast

from lading.errors import LadingError
from lading.image.whiteouts import hidden, is_opaque

#: The extended attribute that holds file capabilities.
CAPABILITY = "security.capability"

#: Most bytes that the names and attributes of one member may take. Linux has paths of up to 4 KiB
#: and attributes of up to 64 KiB.
HEADER_LIMIT = 1 << 20

_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"

# tarfile and gzip tell damage in all of these ways.
_DAMAGE = (
    EOFError,
    OverflowError,
    ValueError,
    gzip.BadGzipFile,
    tarfile.TarError,
    zlib.error,
)


def unpack_layer(layer: BinaryIO, skipped: FrozenSet[str]) -> None:
    """Unpack a tar archive, or gzip of one, into `/` over what is there.

    Members at and below the paths in `skipped` (without leading slash) are left out. LadingError
    for a damaged archive, for one that no runtime could unpack, and when the disk is full.
    """
    unpacking = _Unpacking(skipped)
    try:
        with tarfile.open(
            fileobj=cast(IO[bytes], _BoundedReads(_plain(layer))),
            mode="r:",
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive:
            while (member := archive.next()) is not None:
                unpacking.add(archive, member)
                archive.members.clear()  # type: ignore[attr-defined]  # else memory grows
    except _DAMAGE as error:
        raise LadingError(
            f"a layer of the image is not a sound tar archive ({error}): get the base anew."
        ) from error


def _plain(layer: BinaryIO) -> BinaryIO:
    magic = layer.read(len(_GZIP_MAGIC))
    layer.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=layer)) if magic == _GZIP_MAGIC else layer


class _BoundedReads:
    """Refuses reads of more than is read here of contents at once.

    So what `tarfile` reads in one piece, long names and pax records, is bounded.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= HEADER_LIMIT:
            raise ValueError(f"a header of {size} bytes")
        return self._file.read(size)


@dataclass(frozen=True)
class _Unpacking:
    """`_written` are the places that this layer's own members have: whiteouts concern lower
    layers only, whatever the order in the archive (umoci PR#232)."""

    skipped: FrozenSet[str]
    _written: Set[str] = field(default_factory=set)

    def add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = _relative(member.name)
        if not name or self._is_skipped(name):
            return
        try:
            place = _place(name)
            lower = hidden(place)
            if is_opaque(place):
                self._hide_below(posixpath.dirname(place))
            elif lower is not None:
                self._hide(lower)
            else:
                self._make_directory(posixpath.dirname(place))
                _write(archive, member, place)
                self._written.add(place)
        except OSError as error:
            raise _refusal(name, error) from error

    def _is_skipped(self, name: str) -> bool:
        parts = name.split("/")
        return any("/".join(parts[: length + 1]) in self.skipped for length in range(len(parts)))

    def _make_directory(self, path: str) -> None:
        if path in self._written or path == "/":
            return
        if not os.path.isdir(_host(path)):
            self._make_directory(posixpath.dirname(path))
            os.mkdir(_host(path), 0o755)
        self._written.add(path)

    def _hide(self, path: str) -> None:
        if path in self._written:
            self._hide_below(path)
        else:
            _remove(path)

    def _hide_below(self, directory: str) -> None:
        if not _is_directory(directory):
            return  # a whiteout of what lower layers have deleted already (kaniko#2050)
        for name in os.listdir(_host(directory)):
            self._hide(posixpath.join(directory, name.decode("utf-8", "surrogateescape")))


def _relative(name: str) -> str:
    """A member's name without leading slash and dots; "" for the root itself."""
    if ".." in name.split("/"):
        raise LadingError(
            f"a layer of the image has {name!r}, which leads out of its directory: don't use this "
            "image."
        )
    return posixpath.normpath("/" + name).lstrip("/")


def _place(name: str) -> str:
    """Where the member lands: behind the links in its path, but not behind a last one."""
    directory, last = posixpath.split(name)
    real = os.path.realpath(_host("/" + directory)).decode("utf-8", "surrogateescape")
    return posixpath.join(real, last)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: str) -> None:
    path = _host(place)
    if member.isdir():
        if not _is_directory(place):
            _remove(place)
            os.mkdir(path)
    elif member.islnk():
        # Before the place is cleared: a link may name itself.
        source = _host("/" + _relative(member.linkname))
        if not os.path.lexists(source):
            raise FileNotFoundError(errno.ENOENT, f"hard link to {member.linkname!r}")
        if not os.path.lexists(path) or not os.path.samestat(os.lstat(source), os.lstat(path)):
            _remove(place)
            os.link(source, path, follow_symlinks=False)
        return
    else:
        _remove(place)
        if not _make(archive, member, path):
            return
    _change_owner(path, member.uid, member.gid)
    if not member.issym():
        os.chmod(path, member.mode & 0o7777)  # later than the owner, which clears setuid
    if member.isreg():
        capability = member.pax_headers.get(f"SCHILY.xattr.{CAPABILITY}")
        if capability is not None:
            os.setxattr(path, CAPABILITY, capability.encode("utf-8", "surrogateescape"))
        os.utime(path, (member.mtime, member.mtime))


def _change_owner(path: bytes, uid: int, gid: int) -> None:
    try:
        os.chown(path, uid, gid, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.EINVAL:
            # user_namespaces(7): the id is not mapped.
            text = f"its owner {uid}:{gid} is not among the ids of /etc/subuid and /etc/subgid"
            raise OSError(errno.EINVAL, text) from error
        raise


def _make(archive: tarfile.TarFile, member: tarfile.TarInfo, path: bytes) -> bool:
    """Make what is no directory and no hard link; False if it is to be passed over."""
    if member.isreg():
        _write_file(archive, member, path)
    elif member.issym():
        os.symlink(_host(member.linkname), path)
    elif member.isfifo():
        os.mkfifo(path)
    elif member.isdev():
        # Only the machine's root may make devices. The runtime brings those in /dev.
        return False
    else:
        raise OSError(errno.EINVAL, f"it has the unknown type {member.type!r}")
    return True


def _write_file(archive: tarfile.TarFile, member: tarfile.TarInfo, path: bytes) -> None:
    content = archive.extractfile(member)
    assert content is not None, "it is a regular file"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb") as file:
        left = member.size
        while left:
            chunk = content.read(min(_CHUNK, left))
            if not chunk:
                raise EOFError(f"{member.name!r} is cut off")
            left -= file.write(chunk)


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(_host(path)).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _remove(path: str) -> None:
    """Remove whatever lies there, if anything does."""
    if _is_directory(path):
        shutil.rmtree(_host(path))
    elif os.path.lexists(_host(path)):
        os.unlink(_host(path))


def _host(path: str) -> bytes:
    """For a system call: UTF-8 whatever the locale, unlike os.fsencode."""
    return path.encode("utf-8", "surrogateescape")


def _refusal(name: str, error: OSError) -> LadingError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LadingError(
            f"there is no room to unpack the image for `run_as_root` ({error.strerror} at "
            f"/{name}): make room in the temporary directory, or let Pants' "
            "`[GLOBAL].local_execution_root_dir` name a bigger one."
        )
    return LadingError(
        f"a layer of the image has /{name}, which can't be unpacked ({error}): repair the layer, "
        "or use another base."
    )
