"""Reads the tar archive of an untrusted layer.

It reads like Go's archive/tar, with which docker, containerd and podman unpack, so that it sees the
same tree as they do; what they can't unpack is refused. Python's `tarfile` takes a damaged header
for the end of the archive, honours global pax headers, and differs from version to version.
"""

import posixpath
from dataclasses import dataclass, replace
from typing import Iterator, Optional, Set, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.layer_error import LayerError, unsound
from lading.tar.chunked_input import ChunkedInput
from lading.tar.member_path import PATH_LIMIT, member_path
from lading.tar.pax_records import PaxRecords
from lading.tar.sparse_file import SparseContent, SparseHeader
from lading.tar.tar_block import TarBlock
from lading.tar.tar_header import BLOCK, HARDLINK
from lading.values.foreign_text import shown

#: The extended attribute that holds file capabilities.
CAPABILITY = "security.capability"

# By length in bytes: the version and the only flag (linux/capability.h).
_CAPABILITIES = {20: 0x02000000, 24: 0x03000000}
_EFFECTIVE = 1

#: The most bytes that the names or the attributes of one member may take, as in Go.
HEADER_LIMIT = 1 << 20

#: The most members of a layer, and the most characters that their paths and targets may take
#: together.
MEMBER_LIMIT, NAMES_LIMIT = 1_000_000, 128 << 20

# (uid_t)-1 means "leave unchanged" (chown(2)).
_LARGEST_ID = (1 << 32) - 2

_LARGEST_SIZE = (1 << 63) - 1

# makedev(3), in the kernel
_MAJORS, _MINORS = 1 << 12, 1 << 20

# File systems wrap around above this.
_LATEST_TIME = 1 << 34

_OLD_FILE, _PAX, _GLOBAL_PAX, _LONG_PATH, _LONG_TARGET, _SPARSE = "\0", "x", "g", "L", "K", "S"
_ZEROS = bytes(BLOCK)


@dataclass(frozen=True)
class _Extensions:
    """The contents of the headers before a member's own; the texts are from GNU headers."""

    pax: PaxRecords
    path: bytes = b""
    target: bytes = b""


_NOTHING = _Extensions(PaxRecords({}))


class LayerArchive:
    """The members of the archive in `chunks`, in order.

    Raises LayerError for archives that no runtime could unpack, or that are made to harm one.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._input = ChunkedInput(chunks)
        self._left = self._padding = 0
        self._sparse: Optional[SparseContent] = None
        self._seen: Set[bytes] = set()
        self._names = 0
        #: The number of bytes of the last member that are zeros and not in the archive.
        self.holes = 0

    def next_member(self) -> Optional[Entry]:
        """None at the end. Paths have no leading slash and no dots; the root's path is empty."""
        self._input.skip(self._left + self._padding)
        self._left = self._padding = self.holes = 0
        self._sparse = None
        extensions = _NOTHING
        while (block := self._block()) is not None:
            if block.type in (_PAX, _GLOBAL_PAX, _LONG_PATH, _LONG_TARGET):
                extensions = _extended(extensions, block.type, self._extension(block.size))
                continue
            name, member = _member(block, extensions)
            self._left, self._padding = member.size, -member.size % BLOCK
            header = SparseHeader.find(extensions.pax)
            if header is not None:
                name = header.name or name
                member = self._with_holes(header, replace(member, path=member_path(name)))
            self._count(name, member)
            return member
        return None

    def _with_holes(self, header: SparseHeader, member: Entry) -> Entry:
        if member.kind != Kind.FILE or member.hardlink:
            raise unsound("a sparse member that is not a file")
        regions = header.regions(self._read)
        size = member.size if header.size is None else header.size
        self._sparse = SparseContent(regions, size, self._left, self._read)
        self.holes = size - self._left
        return replace(member, size=size)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the last member's content; none at its end."""
        return self._read(size) if self._sparse is None else self._sparse.read(size)

    def _read(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return self._input.read(size)

    def _block(self) -> Optional[TarBlock]:
        """None at the end: two blocks of zeros, or the end of the data."""
        if self._input.at_end():
            return None
        block = self._input.read(BLOCK)
        if block != _ZEROS:
            return TarBlock(block)
        if not self._input.at_end() and self._input.read(BLOCK) != _ZEROS:
            raise unsound("a block of zeros in the middle")
        return None

    def _extension(self, size: int) -> bytes:
        if not 0 <= size <= HEADER_LIMIT:
            raise unsound(f"a header of {size} bytes")
        data = self._input.read(size)
        self._input.skip(-size % BLOCK)
        return data

    def _count(self, name: bytes, member: Entry) -> None:
        # Cleaned as in Go. Records of docker and podman about an archive have each name once.
        cleaned = posixpath.normpath(name.replace(b"//", b"/"))
        if cleaned in self._seen:
            raise LayerError(
                f"has /{shown(member.path)} twice, which docker and podman refuse. Rebuild the "
                "layer without the first one, or choose another base."
            )
        self._seen.add(cleaned)
        self._names += len(member.path) + len(member.target) + len(member.hardlink)
        if len(self._seen) > MEMBER_LIMIT or self._names > NAMES_LIMIT:
            raise LayerError(
                f"has more than {MEMBER_LIMIT} members, or more than {NAMES_LIMIT} characters of "
                "names, which is more than Lading reads. Choose another base."
            )


def _extended(extensions: _Extensions, type: str, data: bytes) -> _Extensions:
    if type == _PAX:
        return replace(extensions, pax=PaxRecords.parse(data))
    if type == _GLOBAL_PAX:
        return _NOTHING
    text = data.partition(b"\0")[0]
    if type == _LONG_PATH:
        return replace(extensions, path=text)
    return replace(extensions, target=text)


def _member(block: TarBlock, extensions: _Extensions) -> Tuple[bytes, Entry]:
    """The member with its name as it is in the archive."""
    pax = extensions.pax
    name = extensions.path or pax.text(b"path") or block.path
    target = extensions.target or pax.text(b"linkpath") or block.target
    hardlink = _hardlink(name, target) if block.type == HARDLINK else ""
    kind = Kind.FILE if hardlink else _kind(block.type, name)
    size = _size(pax.integer(b"size"), block)
    member = Entry(
        path=member_path(name),
        kind=kind,
        mode=block.mode,
        size=size if kind == Kind.FILE and not hardlink else 0,
        target=_target(target) if kind == Kind.SYMLINK else "",
        hardlink=hardlink,
        uid=_id(pax.integer(b"uid"), block.uid),
        gid=_id(pax.integer(b"gid"), block.gid),
        mtime=_mtime(pax.mtime, block),
        xattrs=pax.xattrs,
        device=_device(block) if kind.is_device else None,
    )
    _check_capability(member)
    return name, member


def _check_capability(member: Entry) -> None:
    """Checked for all kinds of files, as the kernel does, and so docker, podman and containerd."""
    for name, value in member.xattrs:
        version = int.from_bytes(value[:4], "little") & ~_EFFECTIVE
        if name == CAPABILITY and _CAPABILITIES.get(len(value)) != version:
            raise LayerError(
                f"has /{shown(member.path)}, whose file capabilities (`{CAPABILITY}`) are not "
                "valid, so that docker, podman and containerd can't unpack it. Choose another base."
            )


def _kind(type: str, name: bytes) -> Kind:
    if type == _OLD_FILE:
        return Kind.DIRECTORY if name.endswith(b"/") else Kind.FILE
    if (kind := Kind.of_tar_type(type)) is not None:
        return kind
    path = shown(member_path(name))
    if type == _SPARSE:
        raise LayerError(
            f"has /{path}, a sparse file of GNU tar's old format, which docker, podman and "
            "containerd don't unpack. Choose another base."
        )
    raise LayerError(
        f"has /{path} of the type {type!r}, which docker, podman and containerd don't unpack. "
        "Choose another base."
    )


def _hardlink(name: bytes, target: bytes) -> str:
    hardlink = member_path(target)
    if not hardlink:
        raise LayerError(
            f"has /{shown(member_path(name))}, a hard link to a directory, which can't be unpacked."
            " Choose another base."
        )
    return hardlink


def _target(target: bytes) -> str:
    if not 0 < len(target) <= PATH_LIMIT:
        raise LayerError(
            f"has a symlink with a target of {len(target)} bytes, but Linux takes 1 to "
            f"{PATH_LIMIT}. Choose another base."
        )
    return target.decode("utf-8", "surrogateescape")


def _size(stored: Optional[int], block: TarBlock) -> int:
    size = block.size if stored is None else stored
    if not 0 <= size <= _LARGEST_SIZE:
        raise unsound(f"a file of {size} bytes")
    return size


def _id(stored: Optional[int], block_id: int) -> int:
    id = block_id if stored is None else stored
    if not 0 <= id <= _LARGEST_ID:
        raise unsound(f"the owner {id}")
    return id


def _device(block: TarBlock) -> Tuple[int, int]:
    major, minor = block.device
    if not (0 <= major < _MAJORS and 0 <= minor < _MINORS):
        raise unsound(f"the device {major}:{minor}")
    return major, minor


def _mtime(stored: Optional[int], block: TarBlock) -> int:
    """Zero for times that a file system can't hold, as in docker."""
    mtime = block.mtime if stored is None else stored
    return mtime if 0 <= mtime < _LATEST_TIME else 0
