"""A Debian binary package as a file: deb(5). It uses only the standard library.

Packages may be larger than the memory, so their data is unpacked into a file without a name, and
mapped.
"""

import gzip
import io
import lzma
import mmap
import re
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterator, Mapping, Type, TypeVar, Union

from lading.debs.deb822 import paragraphs
from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.files.path_fault import owner_fault, path_fault, target_fault
from lading.tar.tree_segment import TreeFile
from lading.values.chunks import chunks
from lading.values.errors import LadingError
from lading.values.foreign_text import shown

# ar(5): the magic, then members with a 60 byte header and a body at even offsets
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_AR_END = b"`\n"

_KINDS = (Kind.FILE, Kind.SYMLINK, Kind.DIRECTORY)

# Control files are read into memory. Those of Debian's largest packages have a few megabytes.
_MOST_CONTROL = 128 << 20

# Debian policy 5.6.1. dpkg's database has files with these names, to which it adds the
# architecture.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]{,149}")
_CONTROL_FILE = re.compile(r"[A-Za-z0-9_.+-]{1,50}")

# ValueError and OverflowError come from numbers in extended headers, and from offsets beyond a
# mapped file.
_TAR_ERRORS = (tarfile.TarError, ValueError, OverflowError)

# Decompressors by the suffix of a member's name.
_OPEN: Dict[str, Callable[[Any], Any]] = {
    "": lambda member: member,
    ".gz": gzip.open,
    ".xz": partial(lzma.open, format=lzma.FORMAT_XZ),
}

_AnyDeb = TypeVar("_AnyDeb", bound="Deb")


@dataclass(frozen=True)
class Deb:
    """A package: `control_files` by name, such as `postinst`, and `data`, a plain tar."""

    filename: str
    control_files: Mapping[str, bytes]
    data: mmap.mmap

    @classmethod
    def read(cls: Type[_AnyDeb], path: Path) -> _AnyDeb:
        """Raises LadingError if the file is not a package that Lading can read."""
        with path.open("rb") as archive:
            members = {member.name: member for member in _ar_members(path.name, archive)}
            version = members.get("debian-binary")
            if version is None or version.read(2) != b"2.":
                raise broken(path.name, "it has no `debian-binary` of version 2")
            control_files = _control_files(path.name, _control(path.name, members))
            with tempfile.TemporaryFile(dir=".") as data:
                for chunk in _tar_chunks(path.name, members, "data"):
                    data.write(chunk)
                data.flush()
                if not data.tell():
                    raise broken(path.name, "its data is empty")
                mapped = mmap.mmap(data.fileno(), 0, access=mmap.ACCESS_READ)
        return cls(path.name, control_files, mapped)

    @property
    def name(self) -> str:
        return self.fields["package"]

    @property
    def control(self) -> str:
        """The paragraph that describes the package, ending in a newline."""
        return self.text("control").strip("\n") + "\n"

    @property
    def fields(self) -> Mapping[str, str]:
        """The control file's fields, with keys in lower case."""
        for fields in paragraphs(self.control):
            if _NAME.fullmatch(fields.get("package", "")):
                return fields
        raise broken(self.filename, "it has no control file that names the package")

    def text(self, name: str) -> str:
        """A control file's content; "" if the package has none of this name."""
        return self.control_files.get(name, b"").decode("utf-8", "surrogateescape")

    def members(self) -> Iterator[TreeFile]:
        """The members in the package's order, without the root itself. Modes are as packed,
        including setuid bits. Owners are numbers, which are the same everywhere for files of
        packages (Debian policy 9.2.2).

        Raises LadingError for a path that leaves the root, and for anything other than files,
        directories and links.
        """
        self.data.seek(0)
        view = memoryview(self.data)
        try:
            for info in _tar_members(self.data, view):
                path = self._path(info.name)
                if path:
                    yield self._member(info, path, view)
        except _TAR_ERRORS as error:
            raise broken(self.filename, f"its data cannot be read ({error})") from error

    def _member(self, info: tarfile.TarInfo, path: str, view: memoryview) -> TreeFile:
        is_plain = info.type in (tarfile.AREGTYPE, tarfile.LNKTYPE)
        kind = Kind.FILE if is_plain else Kind.of_tar_type(info.type.decode("latin-1"))
        if kind is None or kind not in _KINDS:
            raise broken(self.filename, f"{info.name!r} is a device or another special file")
        fault = owner_fault(info.uid, info.gid)
        if kind is Kind.SYMLINK:
            fault = fault or target_fault(info.linkname)
        if fault:
            raise broken(self.filename, f"its member {shown(info.name)!r} {fault}")
        hardlink = self._path(info.linkname) if info.islnk() else ""
        if info.islnk() and not hardlink:
            raise broken(self.filename, f"its member {shown(info.name)!r} is a link to the root")
        size = info.size if kind is Kind.FILE and not hardlink else 0
        is_link = kind is Kind.SYMLINK
        member = Entry(
            path=path,
            kind=kind,
            mode=LINK_MODE if is_link else info.mode & 0o7777,
            uid=info.uid,
            gid=info.gid,
            target=info.linkname if is_link else "",
            hardlink=hardlink,
        )
        return TreeFile(member, view[info.offset_data : info.offset_data + size])

    def _path(self, name: str) -> str:
        if name.startswith("/") or ".." in name.split("/"):
            raise broken(self.filename, f"its member {name!r} leaves the root")
        path = "/".join(part for part in name.split("/") if part not in ("", "."))
        fault = path_fault(path)
        if fault:
            raise broken(self.filename, f"its member {shown(name)!r} {fault}")
        return path


def broken(filename: str, fault: str) -> LadingError:
    return LadingError(
        f"{filename!r} is not a usable Debian package: {fault}. Use a package of a Debian archive."
    )


@dataclass
class _ArMember:
    """The rest of a member: `left` bytes from `offset` on."""

    archive: BinaryIO
    name: str
    offset: int
    left: int

    def read(self, size: int = -1) -> bytes:
        self.archive.seek(self.offset)
        chunk = self.archive.read(self.left if size < 0 else min(size, self.left))
        self.offset += len(chunk)
        self.left -= len(chunk)
        return chunk


def _ar_members(filename: str, archive: BinaryIO) -> Iterator[_ArMember]:
    end = archive.seek(0, io.SEEK_END)
    archive.seek(0)
    if archive.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise broken(filename, "it is not an ar archive")
    offset = len(_AR_MAGIC)
    while offset < end:
        archive.seek(offset)
        header = archive.read(_AR_HEADER)
        length = header[48:58].strip()
        if len(header) < _AR_HEADER or header[58:] != _AR_END or not length.isdigit():
            raise broken(filename, "its ar archive is malformed")
        offset += _AR_HEADER
        size = int(length)
        if offset + size > end:
            raise broken(filename, "it is cut off")
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        yield _ArMember(archive, name, offset, size)
        offset += size + size % 2


def _tar_chunks(filename: str, members: Mapping[str, _ArMember], stem: str) -> Iterator[bytes]:
    """The uncompressed bytes of the member called `<stem>.tar` or `<stem>.tar.<how>`, in pieces of
    at most a mebibyte, however well they are compressed."""
    for name, member in members.items():
        if name != f"{stem}.tar" and not name.startswith(f"{stem}.tar."):
            continue
        how = name[len(f"{stem}.tar") :]
        if how not in _OPEN:
            raise broken(
                filename,
                f"its `{name}` is compressed by {how[1:]}, and only xz and gz are supported",
            )
        try:
            source = _OPEN[how](member)
            yield from chunks(source)
        except (OSError, lzma.LZMAError, zlib.error, EOFError) as error:
            raise broken(filename, f"its `{name}` cannot be unpacked ({error})") from error
        return
    raise broken(filename, f"it has no `{stem}.tar`")


def _control(filename: str, members: Mapping[str, _ArMember]) -> bytes:
    data = bytearray()
    for chunk in _tar_chunks(filename, members, "control"):
        data += chunk
        if len(data) > _MOST_CONTROL:
            fault = f"its control files take more than {_MOST_CONTROL >> 20} MiB"
            raise broken(filename, fault)
    return bytes(data)


def _control_files(filename: str, data: bytes) -> Dict[str, bytes]:
    files: Dict[str, bytes] = {}
    try:
        for info in _tar_members(io.BytesIO(data), memoryview(data)):
            if info.isreg():
                name = info.name[2:] if info.name.startswith("./") else info.name
                if "/" in name:
                    raise broken(filename, f"its control file {name!r} is in a directory")
                if not _CONTROL_FILE.fullmatch(name):
                    raise broken(filename, f"it has a control file called {shown(name)!r}")
                files[name] = data[info.offset_data : info.offset_data + info.size]
    except _TAR_ERRORS as error:
        raise broken(filename, f"its control files cannot be read ({error})") from error
    return files


def _tar_members(file: Union[BinaryIO, mmap.mmap], data: memoryview) -> Iterator[tarfile.TarInfo]:
    """The members of `data`, read through `file`. Raises one of `_TAR_ERRORS` for a damaged
    archive.

    tarfile takes a damaged header for the end of the archive, goes back if a size is negative, and
    reports the unpacked size of a sparse file.
    """
    # Whatever the locale: names are UTF-8 by Debian's policy, and other bytes survive.
    with tarfile.open(
        fileobj=file,  # type: ignore[arg-type]  # a mapped file reads and seeks as well
        mode="r:",
        encoding="utf-8",
        errors="surrogateescape",
    ) as tar:
        for info in tar:
            if info.size < 0:
                raise tarfile.ReadError(f"{shown(info.name)!r} has a negative size")
            if info.issparse() or any(key.startswith("GNU.sparse.") for key in info.pax_headers):
                raise tarfile.ReadError(f"{shown(info.name)!r} is a sparse file")
            yield info
        if any(data[tar.offset : tar.offset + tarfile.BLOCKSIZE]):
            raise tarfile.ReadError(f"a header at {tar.offset} is damaged")
