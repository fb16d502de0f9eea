"""A Debian package with its control files, and the owners of its files: deb(5).

Standard library only.
"""

import io
import lzma
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Mapping, Tuple

from lading.debian.deb822 import paragraphs
from lading.debian.unpack import MERGED, merged
from lading.errors import LadingError
from lading.image.tree_member import TreeMember
from lading.image.tree_segment import TreeFile
from lading.store import members as kinds

# ar(5): the magic, then members of a 60 byte header and a body on even offsets
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_AR_END = b"`\n"


@dataclass(frozen=True)
class DebArchive:
    """A package read into memory: `control_files` by name, such as `postinst`, and `data`, which
    is a plain tar."""

    filename: str
    control_files: Mapping[str, bytes]
    data: bytes

    @property
    def control(self) -> str:
        """The paragraph that describes the package, ending in a newline."""
        return self.text("control").strip("\n") + "\n"

    @property
    def fields(self) -> Mapping[str, str]:
        """The control file's fields, keys in lower case."""
        for fields in paragraphs(self.control):
            if "package" in fields and "version" in fields:
                return fields
        raise broken(self.filename, "it has no control file that names package and version")

    def text(self, name: str) -> str:
        """A control file's content; "" if there is none of the name."""
        return self.control_files.get(name, b"").decode("utf-8", "surrogateescape")

    def files(self) -> Iterator[TreeFile]:
        """What the package has, on a merged /usr, in its order, each directory once. Neither the
        root itself is in it nor the links at the root that merge /usr.

        LadingError for a path that leaves the root, and for what is neither file, directory nor
        link.
        """
        view = memoryview(self.data)
        directories = set()
        try:
            with _open_tar(self.data) as tar:
                for info in tar:
                    path = self._path(info.name)
                    if not path or (path in MERGED and info.issym()):
                        continue
                    member = self._member(info, merged(path))
                    if member.is_directory and member.path in directories:
                        continue
                    directories.add(member.path)
                    end = info.offset_data + (info.size if info.isreg() else 0)
                    yield TreeFile(member, view[info.offset_data : end])
        except tarfile.TarError as error:
            raise broken(self.filename, f"its data cannot be read ({error})") from error

    def _member(self, info: tarfile.TarInfo, path: str) -> TreeMember:
        """Numbers say who owns what: those of packages are the same everywhere (Debian policy
        9.2.2)."""
        mode, uid, gid = info.mode & 0o7777, info.uid, info.gid
        if info.isdir():
            return TreeMember(path, kinds.DIRECTORY, mode, uid, gid)
        if info.issym():
            target = info.linkname
            return TreeMember(path, kinds.SYMLINK, kinds.LINK_MODE, uid, gid, target=target)
        if info.islnk():
            first = merged(self._path(info.linkname))
            return TreeMember(path, kinds.FILE, mode, uid, gid, hardlink=first)
        if info.isreg():
            return TreeMember(path, kinds.FILE, mode, uid, gid)
        raise broken(self.filename, f"{info.name!r} is a device or another special file")

    def _path(self, name: str) -> str:
        if name.startswith("/") or ".." in name.split("/"):
            raise broken(self.filename, f"its member {name!r} leads outside")
        return "/".join(part for part in name.split("/") if part not in ("", "."))


def read_deb_archive(path: Path) -> DebArchive:
    """LadingError if the file is not a package that we can read."""
    members = dict(_ar_members(path.name, path.read_bytes()))
    if members.pop("debian-binary", b"")[:2] != b"2.":
        raise broken(path.name, "it has no `debian-binary` of version 2")
    control = _control_files(path.name, _tar(path.name, members, "control"))
    return DebArchive(path.name, control, _tar(path.name, members, "data"))


def broken(filename: str, fault: str) -> LadingError:
    return LadingError(
        f"{filename!r} is not a Debian package that can be used: {fault}. Use a package of a "
        "Debian archive."
    )


def _ar_members(filename: str, archive: bytes) -> Iterator[Tuple[str, bytes]]:
    if not archive.startswith(_AR_MAGIC):
        raise broken(filename, "it is not an ar archive")
    offset = len(_AR_MAGIC)
    while offset < len(archive):
        header = archive[offset : offset + _AR_HEADER]
        length = header[48:58].strip()
        if len(header) < _AR_HEADER or header[58:] != _AR_END or not length.isdigit():
            raise broken(filename, "its ar archive is malformed")
        offset += _AR_HEADER
        size = int(length)
        if offset + size > len(archive):
            raise broken(filename, "it is shorter than it says")
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
            raise broken(filename, f"its `{name}` cannot be unpacked ({error})") from error
        if not how:
            return packed
        raise broken(
            filename, f"its `{name}` is compressed by {how[1:]}, and only xz and gz are supported"
        )
    raise broken(filename, f"it has no `{stem}.tar`")


def _control_files(filename: str, data: bytes) -> Dict[str, bytes]:
    files: Dict[str, bytes] = {}
    try:
        with _open_tar(data) as tar:
            for info in tar:
                content = tar.extractfile(info) if info.isreg() else None
                if content is not None:
                    files[
                        info.name[2:] if info.name.startswith("./") else info.name
                    ] = content.read()
    except tarfile.TarError as error:
        raise broken(filename, f"its control files cannot be read ({error})") from error
    return files


def _open_tar(data: bytes) -> tarfile.TarFile:
    # Whatever the locale: names are UTF-8 by Debian's policy, and other bytes survive.
    return tarfile.open(
        fileobj=io.BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape"
    )
