"""A Debian binary package as a file: deb(5). Standard library only."""

import io
import lzma
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping, Tuple

from lading.debian.deb822 import paragraphs
from lading.errors import LadingError

FILE, DIRECTORY, SYMLINK, HARDLINK = "file", "directory", "symlink", "hard link"

_KINDS = {
    tarfile.REGTYPE: FILE,
    tarfile.AREGTYPE: FILE,
    tarfile.DIRTYPE: DIRECTORY,
    tarfile.SYMTYPE: SYMLINK,
    tarfile.LNKTYPE: HARDLINK,
}

# ar(5): the magic, then members of a 60 byte header and a body on even offsets
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_AR_END = b"`\n"


@dataclass(frozen=True)
class DebMember:
    """One member of `data.tar`.

    `path` is relative, without `./`, and stays below the root. `mode` is as packed, setuid bits
    included. `target` is the text of a symlink, or the path of the member that a hard link names.
    `content` is empty for all but files.
    """

    path: str
    kind: str
    mode: int
    target: str
    content: memoryview


@dataclass(frozen=True)
class Deb:
    """A package read into memory. `control` has its keys in lower case; `data` is a plain tar."""

    filename: str
    control: Mapping[str, str]
    data: bytes

    @property
    def name(self) -> str:
        return self.control["package"]

    def members(self) -> Iterator[DebMember]:
        """The members in the package's order, without the root itself.

        LadingError for a path that leaves the root, and for what is neither file, directory nor
        link.
        """
        view = memoryview(self.data)
        try:
            with _open_tar(self.data) as tar:
                for info in tar:
                    path = self._path(info.name)
                    if path:
                        yield self._member(info, path, view)
        except tarfile.TarError as error:
            raise _broken(self.filename, f"its data cannot be read ({error})") from error

    def _member(self, info: tarfile.TarInfo, path: str, view: memoryview) -> DebMember:
        kind = _KINDS.get(info.type)
        if kind is None:
            raise _broken(self.filename, f"{info.name!r} is a device or another special file")
        size = info.size if kind == FILE else 0
        return DebMember(
            path=path,
            kind=kind,
            mode=info.mode,
            target=self._path(info.linkname) if kind == HARDLINK else info.linkname,
            content=view[info.offset_data : info.offset_data + size],
        )

    def _path(self, name: str) -> str:
        if name.startswith("/") or ".." in name.split("/"):
            raise _broken(self.filename, f"its member {name!r} leaves the root")
        return "/".join(part for part in name.split("/") if part not in ("", "."))


def read_deb(path: Path) -> Deb:
    """LadingError if the file is not a package that we can read."""
    members = dict(_ar_members(path.name, path.read_bytes()))
    if members.pop("debian-binary", b"")[:2] != b"2.":
        raise _broken(path.name, "it has no `debian-binary` of version 2")
    control = _control(path.name, _tar(path.name, members, "control"))
    return Deb(path.name, control, _tar(path.name, members, "data"))


def _ar_members(filename: str, archive: bytes) -> Iterator[Tuple[str, bytes]]:
    if not archive.startswith(_AR_MAGIC):
        raise _broken(filename, "it is not an ar archive")
    offset = len(_AR_MAGIC)
    while offset < len(archive):
        header = archive[offset : offset + _AR_HEADER]
        length = header[48:58].strip()
        if len(header) < _AR_HEADER or header[58:] != _AR_END or not length.isdigit():
            raise _broken(filename, "its ar archive is malformed")
        offset += _AR_HEADER
        size = int(length)
        if offset + size > len(archive):
            raise _broken(filename, "it is shorter than it says")
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        yield name, archive[offset : offset + size]
        offset += size + size % 2


def _tar(filename: str, members: Mapping[str, bytes], stem: str) -> bytes:
    """The uncompressed bytes of the one member called `<stem>.tar` or `<stem>.tar.<how>`."""
    for name, packed in members.items():
        if name != f"{stem}.tar" and not name.startswith(f"{stem}.tar."):
            continue
        how = name[len(f"{stem}.tar") :]
        try:
            if how == ".xz":
                return lzma.decompress(packed)
            if how == ".gz":
                return zlib.decompress(packed, wbits=31)
        except (lzma.LZMAError, zlib.error) as error:
            raise _broken(filename, f"its `{name}` cannot be unpacked ({error})") from error
        if not how:
            return packed
        raise _broken(
            filename, f"its `{name}` is compressed by {how[1:]}, and only xz and gz are supported"
        )
    raise _broken(filename, f"it has no `{stem}.tar`")


def _open_tar(data: bytes) -> tarfile.TarFile:
    # Whatever the locale: names are UTF-8 by Debian's policy, and other bytes survive.
    return tarfile.open(
        fileobj=io.BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape"
    )


def _control(filename: str, data: bytes) -> Mapping[str, str]:
    try:
        with _open_tar(data) as tar:
            for info in tar:
                file = tar.extractfile(info) if info.name in ("./control", "control") else None
                if file is not None:
                    text = file.read().decode("utf-8", "replace")
                    for fields in paragraphs(text):
                        if "package" in fields:
                            return fields
    except tarfile.TarError as error:
        raise _broken(filename, f"its control files cannot be read ({error})") from error
    raise _broken(filename, "it has no control file that names the package")


def _broken(filename: str, fault: str) -> LadingError:
    return LadingError(
        f"{filename!r} is not a Debian package that can be used: {fault}. Use a package of a "
        "Debian archive."
    )
