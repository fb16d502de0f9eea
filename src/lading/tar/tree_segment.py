"""The segment of a tree of files: tar members without an end marker, so that segments can be
concatenated.

It has no directories, because several trees may have the same ones and a layer must not have a path
twice. The layer's head has them.
"""

import hashlib
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Dict, Iterable, Iterator, List, Mapping, Tuple, Union

from lading.files.content_time import content_time
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.tar import tar_header
from lading.values.chunks import chunks
from lading.values.digest import Sha256
from lading.values.errors import LadingError

#: A file's bytes, or the file that has them.
Content = Union[bytes, memoryview, Path]


@dataclass(frozen=True)
class TreeFile:
    """A member with its bytes, which only a file that is not a hard link has.

    The member's size and digest are filled in when it is written, and its time if it follows from
    the content.
    """

    member: Entry
    content: Content = b""
    has_content_time: bool = False


def write_tree_segment(files: Iterable[TreeFile], output: BinaryIO) -> Tuple[Entry, ...]:
    """Write the segment and return all members, sorted, including directories.

    If a file has several names, the first has the bytes. Raises LadingError if a path occurs twice.
    """
    written: List[Entry] = []
    digests: Dict[str, Entry] = {}
    for file in _first_names_first(files):
        member = file.member
        if written and written[-1].path == member.path:
            raise LadingError(f"/{member.path} is there twice.")
        if member.hardlink:
            first = digests[member.hardlink]
            member = replace(member, size=first.size, sha256=first.sha256, mtime=first.mtime)
            output.write(tar_header.header(member))
        elif member.kind == Kind.FILE:
            member = _write_file(file, output)
            digests[member.path] = member
        elif not member.is_directory:
            output.write(tar_header.header(member))
        written.append(member)
    return tuple(written)


def rewrite_segment(segment: Path, places: Mapping[str, str], output: BinaryIO) -> None:
    """Copy the members of a segment to the paths that `places` maps them to; leave out the others.

    If the first name of a file is left out, the next one gets the bytes.
    """
    with tarfile.open(segment, "r:", encoding="utf-8", errors="surrogateescape") as archive:
        placed = [info for info in archive if info.name in places]
        placed.sort(key=lambda info: places[info.name].split("/"))
        first_places: Dict[str, str] = {}
        for info in placed:
            original = archive.getmember(info.linkname) if info.islnk() else info
            place = places[info.name]
            member = _from_tar(original, place)
            first = first_places.setdefault(original.name, place)
            if first != place:
                member = replace(member, hardlink=first)
            output.write(tar_header.header(member))
            if member.kind == Kind.FILE and not member.hardlink:
                _copy(archive, original, output)


def _first_names_first(files: Iterable[TreeFile]) -> List[TreeFile]:
    """Sorted, with the bytes of a file at its first name."""
    ordered = sorted(files, key=lambda file: file.member.sort_key)
    contents = {file.member.path: file for file in ordered if not file.member.hardlink}
    first_names: Dict[str, str] = {}
    result = []
    for file in ordered:
        member = file.member
        if member.kind == Kind.FILE:
            original = member.hardlink or member.path
            if original not in contents:
                raise LadingError(
                    f"/{member.path} is a hard link to /{original}, which is not a file."
                )
            first = first_names.setdefault(original, member.path)
            if member.hardlink or first != original:
                hardlink = "" if first == member.path else first
                content = b"" if hardlink else contents[original].content
                # One file has one mode and one owner, even if its other names have different ones.
                known = contents[original]
                named = replace(known.member, path=member.path, hardlink=hardlink)
                file = replace(known, member=named, content=content)
        result.append(file)
    return result


def _write_file(file: TreeFile, output: BinaryIO) -> Entry:
    content, member = file.content, file.member
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    mtime = member.mtime
    if file.has_content_time:
        # Read twice, since the header comes before the content.
        known = hashlib.sha256()
        for chunk in _chunks(content):
            known.update(chunk)
        mtime = content_time(Sha256(known.hexdigest()))
    member = replace(member, size=size, mtime=mtime)
    output.write(tar_header.header(member))
    digest = hashlib.sha256()
    left = size
    for chunk in _chunks(content):
        digest.update(chunk)
        left -= output.write(chunk)
    assert not left, f"{member.path} changed while it was read"
    output.write(tar_header.padding(size))
    return replace(member, sha256=digest.hexdigest())


def _chunks(content: Content) -> Iterator[Union[bytes, memoryview]]:
    if not isinstance(content, Path):
        yield content
        return
    with content.open("rb") as file:
        yield from chunks(file)


def _from_tar(info: tarfile.TarInfo, place: str) -> Entry:
    if info.issym():
        return Entry(place, Kind.SYMLINK, info.mode, info.uid, info.gid, info.linkname)
    mtime = int(info.mtime)
    return Entry(place, Kind.FILE, info.mode, info.uid, info.gid, size=info.size, mtime=mtime)


def _copy(archive: tarfile.TarFile, info: tarfile.TarInfo, output: BinaryIO) -> None:
    content = archive.extractfile(info)
    assert content is not None, "files only have content"
    for chunk in chunks(content):
        output.write(chunk)
    output.write(tar_header.padding(info.size))
