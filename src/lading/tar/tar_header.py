"""Tar headers whose bytes depend only on the member.

POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header". Python's `tarfile` writes
different bytes in different versions of Python, so this module has the few lines that are needed.
"""

from typing import Dict, Optional, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.values.errors import LadingError

BLOCK = 512

#: The end of an archive: two blocks of zeros.
END_OF_ARCHIVE = bytes(2 * BLOCK)

#: The typeflag of a hard link.
HARDLINK = "1"

_MAX_OCTAL_SIZE = 8**11 - 1
_MAX_OCTAL_ID = 8**7 - 1


def padding(size: int) -> bytes:
    """The bytes that fill the last block after `size` bytes of content."""
    return bytes(-size % BLOCK)


def header(member: Entry, root: str = "") -> bytes:
    """The header blocks of the member of a tree that is at `root` in the archive: one, or at least
    three if a pax record is needed."""
    path = _below(root, member.path)
    path = path + "/" if member.kind == Kind.DIRECTORY else path
    # Go's archive/tar and libarchive read attributes from records with this name.
    records = {f"SCHILY.xattr.{name}": value for name, value in member.xattrs}
    split = _split_path(path)
    if split is None:
        records["path"] = _utf8(path)
        split = (b"", path.encode("utf-8", "replace")[:100])
    link = _below(root, member.hardlink) if member.hardlink else member.target
    target = _ascii(link, 100)
    if target is None:
        records["linkpath"] = _utf8(link)
        target = link.encode("utf-8", "replace")[:100]
    size = member.size if member.kind == Kind.FILE and not member.hardlink else 0
    if size > _MAX_OCTAL_SIZE:
        records["size"] = b"%d" % size
        size = 0
    ids = []
    for key, value in (("uid", member.uid), ("gid", member.gid)):
        if value > _MAX_OCTAL_ID:
            records[key] = b"%d" % value
            value = 0
        ids.append(value)
    letter = HARDLINK if member.hardlink else member.kind.tar_type
    device = member.device or (0, 0)
    block = _ustar(split, letter, member.mode, ids, size, member.mtime, target, device)
    return _pax_header(records) + block if records else block


def _below(root: str, path: str) -> str:
    return f"{root}/{path}" if root and path else root or path


def _ascii(text: str, limit: int) -> Optional[bytes]:
    if len(text) <= limit and text.isascii():
        return text.encode("ascii")
    return None


def _split_path(path: str) -> Optional[Tuple[bytes, bytes]]:
    """(prefix, name) as in ustar, or None if the path does not fit."""
    if not path.isascii():
        return None
    if len(path) <= 100:
        return b"", path.encode("ascii")
    # The name must not be empty, so the search ends before a directory's last slash.
    for slash in range(max(len(path) - 101, 1), min(155, len(path) - 2) + 1):
        if path[slash] == "/":
            return path[:slash].encode("ascii"), path[slash + 1 :].encode("ascii")
    return None


def _pax_header(records: Dict[str, bytes]) -> bytes:
    data = b"".join(_pax_record(key, value) for key, value in sorted(records.items()))
    name = (b"", b"PaxHeaders/member")
    return _ustar(name, "x", 0o644, [0, 0], len(data), 0, b"") + data + padding(len(data))


def _utf8(name: str) -> bytes:
    try:
        return name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LadingError(
            f"the file name {name!r} is not UTF-8, which a tar archive can't hold in a way that "
            "every reader understands: rename the file."
        ) from error


def _pax_record(key: str, value: bytes) -> bytes:
    body = b" " + key.encode("ascii") + b"=" + value + b"\n"
    # The length includes its own digits.
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode("ascii") + body


def _ustar(
    path: Tuple[bytes, bytes],
    type: str,
    mode: int,
    ids: "list[int]",
    size: int,
    mtime: int,
    target: bytes,
    device: Tuple[int, int] = (0, 0),
) -> bytes:
    prefix, name = path
    fields = (
        name.ljust(100, b"\0"),
        b"%07o\0" % mode,
        b"%07o\0" % ids[0],
        b"%07o\0" % ids[1],
        b"%011o\0" % size,
        b"%011o\0" % mtime,
        b" " * 8,  # the checksum's field counts as blanks in the sum
        type.encode("ascii"),
        target.ljust(100, b"\0"),
        b"ustar\00000",
        bytes(32),  # user name: only the numbers are used
        bytes(32),  # group name
        b"%07o\0" % device[0],
        b"%07o\0" % device[1],
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    checksum = sum(block.translate(None, b"\0"))  # two thirds are zeros, which take time
    return block[:148] + b"%06o\0 " % checksum + block[156:]
