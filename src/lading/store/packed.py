"""Compressed content inside a file: the members of gzip, bzip2, xz and zip files.

A store path in a compressed man page or jar is a reference like any other, but a scan of the plain
bytes misses it. Files are recognized by their first bytes; a zip may also follow a `#!` line (pex).
A compressed file inside a compressed file is opened too, but only one level deep. Members are read
in chunks, so memory use stays small. How much a file may unpack to is limited.
"""

import bz2
import itertools
import lzma
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, BinaryIO, Callable, Dict, Iterator, Optional, Tuple, Union

from lading.values.errors import LadingError

#: The most bytes that one file may unpack to, all members together.
UNPACKED_LIMIT = 4 << 30

_CHUNK_SIZE = 1 << 16
_GZIP = b"\x1f\x8b\x08"
_ZIP = b"PK\x03\x04"
_GZIP_SMALLEST = 18  # bytes of an empty member

# zipfile reports damage, encryption and unknown methods in all of these ways.
_DAMAGE = (
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

_Member = Tuple[str, Iterator[bytes]]


class DamagedMemberError(Exception):
    """A member can't be unpacked completely. Test data may be broken on purpose."""


@dataclass
class _Budget:
    file: str
    limit: int
    spent: int = 0

    def spend(self, size: int) -> None:
        self.spent += size
        if self.spent > self.limit:
            raise LadingError(
                f"{self.file!r} unpacks to more than {self.limit} bytes, too many to search for "
                "store paths: remove the file in `script`, or unpack it there."
            )


def members(path: str, name: str, limit: int = UNPACKED_LIMIT) -> Iterator[_Member]:
    """Each member's name and content; nothing for a file that is not compressed.

    The only member of a gzip, bzip2 or xz file is called ""; a member of a member `outer!/inner`.
    Read a content to its end before taking the next member; it raises `DamagedMemberError` where it
    is damaged. Raises `LadingError`, which calls the file `name`, beyond `limit` bytes in total.
    """
    with open(path, "rb") as file:
        yield from _members(file, _Budget(name, limit), nested=True)


def _members(file: BinaryIO, budget: _Budget, nested: bool) -> Iterator[_Member]:
    for name, content in _plain_members(file):
        chunks = _guard(content, budget)
        try:
            first = next(chunks, b"")
        except DamagedMemberError:
            continue
        chunks = itertools.chain([first], chunks)
        if nested and (first.startswith(_ZIP) or _stream_opener(first)):
            yield from _nested_members(name, chunks, budget)
        else:
            yield name, chunks


def _nested_members(name: str, chunks: Iterator[bytes], budget: _Budget) -> Iterator[_Member]:
    with tempfile.TemporaryFile() as copy:
        try:
            copy.writelines(chunks)
        except DamagedMemberError:
            return
        copy.seek(0)
        yield name, _read_chunks(copy)
        copy.seek(0)
        for inner, content in _members(copy, budget, nested=False):
            yield f"{name}!/{inner}", content


def _plain_members(file: BinaryIO) -> Iterator[_Member]:
    start = file.read(8)
    file.seek(0)
    opener = _stream_opener(start)
    if opener:
        yield "", opener(file)
    elif start.startswith((_ZIP, b"#!")):
        yield from _zip_members(file)


def _guard(chunks: Iterator[bytes], budget: _Budget) -> Iterator[bytes]:
    while True:
        try:
            chunk = next(chunks, None)
        except _DAMAGE as error:
            raise DamagedMemberError from error
        if chunk is None:
            return
        budget.spend(len(chunk))
        yield chunk


def _zip_members(file: BinaryIO) -> Iterator[_Member]:
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE:
        return
    with archive:
        for info in archive.infolist():
            yield info.filename, _zip_content(archive, info)


def _zip_content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as content:
        yield from _read_chunks(content)


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    """All gzip members up to the end, or up to other bytes, which gzip(1) ignores as well."""
    data = file.read(_CHUNK_SIZE)
    while data.startswith(_GZIP):
        stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        while not stream.eof:
            chunk = stream.decompress(data, _CHUNK_SIZE)
            yield chunk
            data = stream.unconsumed_tail or (b"" if stream.eof else file.read(_CHUNK_SIZE))
            if not data and not chunk and not stream.eof:
                raise EOFError
        data = stream.unused_data
        if len(data) < _GZIP_SMALLEST:
            data += file.read(_CHUNK_SIZE)


def _bunzip2(file: BinaryIO) -> Iterator[bytes]:
    return _read_chunks(bz2.BZ2File(file))


def _unxz(file: BinaryIO) -> Iterator[bytes]:
    return _read_chunks(lzma.LZMAFile(file))


_STREAM_OPENERS: Dict[bytes, Callable[[BinaryIO], Iterator[bytes]]] = {
    _GZIP: _gunzip,
    b"BZh": _bunzip2,
    b"\xfd7zXZ\0": _unxz,
}


def _stream_opener(start: bytes) -> Optional[Callable[[BinaryIO], Iterator[bytes]]]:
    for magic, opener in _STREAM_OPENERS.items():
        if start.startswith(magic):
            return opener
    return None


def _read_chunks(file: Union[IO[bytes], BinaryIO]) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK_SIZE), b"")
