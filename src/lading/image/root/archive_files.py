"""The files of an archive that is unpacked in an image.

Like layers, archives are untrusted, so no name may lie or lead outside of the tree.
"""

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Iterator

from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError

_PROGRAM, _PLAIN, _DIRECTORY = 0o755, 0o644, 0o755

_CHUNK = 1 << 20

# RuntimeError is for encrypted zip files and for compression methods that Python lacks; ValueError
# and OverflowError are for numbers in pax headers.
_ERRORS = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(RuntimeError, ValueError, OverflowError),
)


def archive_files(archive: Path, scratch: Path) -> Iterator[TreeFile]:
    """The members of a zip file or of a tar archive, compressed or not, with their bytes in the
    empty directory `scratch`. Of modes, only the executable bit counts. Raises LadingError for
    other files, and for what an image can't contain.
    """
    try:
        if zipfile.is_zipfile(archive):
            yield from _zip_files(archive, scratch)
        else:
            yield from _tar_files(archive, scratch)
    except _ERRORS as error:
        # The text may have several lines, one for each way to read an archive; the first is enough.
        reason = str(error).partition("\n")[0].rstrip(":")
        raise LadingError(
            f"{archive.name!r} can't be unpacked ({reason}). `unpack` is for targets with one tar "
            "or zip archive."
        ) from error


def _tar_files(archive: Path, scratch: Path) -> Iterator[TreeFile]:
    with tarfile.open(archive, "r:*", encoding="utf-8", errors="surrogateescape") as tar:
        for number, info in enumerate(tar):
            path = _path(archive, info.name)
            if not path or info.isdir():
                if path:
                    yield TreeFile(Entry(path, Kind.DIRECTORY, _DIRECTORY))
                continue
            if info.issym():
                yield _link(archive, path, info.linkname)
                continue
            mode = _PROGRAM if info.mode & stat.S_IXUSR else _PLAIN
            if info.islnk():
                first = _path(archive, info.linkname)
                yield TreeFile(Entry(path, Kind.FILE, mode, hardlink=first))
                continue
            content = tar.extractfile(info) if info.isreg() else None
            if content is None:
                raise LadingError(
                    f"{archive.name!r} has {info.name!r}, a device or another special file, which "
                    "can't be unpacked into an image. Leave it out of the archive."
                )
            yield TreeFile(Entry(path, Kind.FILE, mode), _written(content, scratch, number))
        assert tar.fileobj is not None, "it is open"
        while tar.fileobj.read(_CHUNK):
            pass  # to the end of the compressed data, where the checksum is


def _zip_files(archive: Path, scratch: Path) -> Iterator[TreeFile]:
    with zipfile.ZipFile(archive) as file:
        for number, info in enumerate(file.infolist()):
            path, attributes = _path(archive, info.filename), info.external_attr >> 16
            if info.is_dir():
                yield TreeFile(Entry(path, Kind.DIRECTORY, _DIRECTORY))
            elif stat.S_ISLNK(attributes):
                target = file.read(info).decode("utf-8", "surrogateescape")
                yield _link(archive, path, target)
            else:
                mode = _PROGRAM if attributes & stat.S_IXUSR else _PLAIN
                with file.open(info) as content:
                    place = _written(content, scratch, number)
                yield TreeFile(Entry(path, Kind.FILE, mode), place)


def _link(archive: Path, path: str, target: str) -> TreeFile:
    if not target or "\0" in target:
        raise LadingError(
            f"{archive.name!r} has the link {path!r} to {target!r}, which no link can lead to. "
            "Leave it out of the archive."
        )
    return TreeFile(Entry(path, Kind.SYMLINK, LINK_MODE, target=target))


def _written(content: IO[bytes], scratch: Path, number: int) -> Path:
    """A small archive may have members that are larger than the memory."""
    place = scratch / str(number)
    with place.open("wb") as output:
        shutil.copyfileobj(content, output, _CHUNK)
    return place


def _path(archive: Path, name: str) -> str:
    if name.startswith("/") or ".." in name.split("/"):
        raise LadingError(
            f"{archive.name!r} has the member {name!r}, which leads outside of where it is "
            "unpacked. Make the archive with relative paths."
        )
    if "\0" in name:
        raise LadingError(
            f"{archive.name!r} has the member {name!r}, but no name can hold a NUL character. "
            "Leave it out of the archive."
        )
    return "/".join(part for part in name.split("/") if part not in ("", "."))
