"""Files with holes in pax archives: GNU tar, "Storing Sparse Files", versions 0.0, 0.1 and 1.0.

They are read as in Go's archive/tar, and so as in docker, podman and containerd.
"""

from dataclasses import dataclass
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

from lading.files.layer_error import unsound
from lading.tar.pax_records import PaxRecords
from lading.tar.tar_header import BLOCK

#: The most bytes of the list of regions before a file's content.
MAP_LIMIT = 1 << 20

#: (offset, length) of a part that is in the archive; zeros lie between.
Region = Tuple[int, int]

_VERSIONS_IN_HEADER = ((b"0", b"0"), (b"0", b"1"))
_VERSION_IN_CONTENT = (b"1", b"0")

_Read = Callable[[int], bytes]


@dataclass(frozen=True)
class SparseHeader:
    """The pax header of a file with holes. `name` is None if the file's own name counts."""

    name: Optional[bytes]
    size: Optional[int]
    is_map_in_content: bool
    pax: PaxRecords

    @classmethod
    def find(cls, pax: PaxRecords) -> "Optional[SparseHeader]":
        """None for a file without holes, and for unknown versions."""
        version = (pax.sparse(b"major"), pax.sparse(b"minor"))
        in_content = version == _VERSION_IN_CONTENT
        if version == (b"", b""):
            # Files of version 0 need not have the version.
            if not pax.sparse(b"map"):
                return None
        elif not in_content and version not in _VERSIONS_IN_HEADER:
            return None
        size = pax.sparse(b"size") or pax.sparse(b"realsize")
        return cls(pax.text(b"GNU.sparse.name"), _number(size) if size else None, in_content, pax)

    def regions(self, read: _Read) -> Sequence[Region]:
        """`read` returns that many bytes of the member's content, which the regions may precede."""
        if self.is_map_in_content:
            numbers = _numbers_in_content(read)
        else:
            count = _number(self.pax.sparse(b"numblocks"))
            text = self.pax.sparse(b"map")
            numbers = [_number(one) for one in text.split(b",")] if text else []
            if len(numbers) != 2 * count:
                raise unsound("a sparse file with another number of regions than it says")
        return list(zip(numbers[::2], numbers[1::2]))


class SparseContent:
    """The content of a file of `size` bytes. `read` returns its `regions` one after the other.

    `held` is the number of bytes in the regions.
    """

    def __init__(self, regions: Sequence[Region], size: int, held: int, read: _Read) -> None:
        _check(regions, size, held)
        self._parts = _parts(regions, size)
        self._read = read
        self._is_hole, self._left = True, 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        found: List[bytes] = []
        while size:
            if not self._left:
                part = next(self._parts, None)
                if part is None:
                    break
                self._is_hole, self._left = part
                continue
            taken = min(size, self._left)
            found.append(bytes(taken) if self._is_hole else self._read(taken))
            self._left -= taken
            size -= taken
        return b"".join(found)


def _parts(regions: Sequence[Region], size: int) -> Iterator[Tuple[bool, int]]:
    """(whether it is a hole, length)."""
    at = 0
    for offset, length in regions:
        yield True, offset - at
        yield False, length
        at = offset + length
    yield True, size - at


def _check(regions: Sequence[Region], size: int, held: int) -> None:
    at = 0
    for offset, length in regions:
        if offset < at or offset + length > size:
            raise unsound("a sparse file whose regions overlap, or lie behind its end")
        at = offset + length
    if sum(length for _, length in regions) != held:
        raise unsound("a sparse file with more or fewer bytes than its regions")


def _numbers_in_content(read: _Read) -> List[int]:
    """A count and as many pairs, each number on a line, padded to a whole block."""
    lines: List[bytes] = []
    rest, taken, wanted = b"", 0, 1
    while len(lines) < wanted:
        block = read(BLOCK)
        if len(block) < BLOCK or len(rest) > BLOCK or taken >= MAP_LIMIT:
            raise unsound("a sparse file without a whole list of its regions")
        taken += BLOCK
        *ended, rest = (rest + block).split(b"\n")
        lines += ended
        if wanted == 1 and lines:
            wanted += 2 * _number(lines[0])
    return [_number(line) for line in lines[1:wanted]]


def _number(text: bytes) -> int:
    if not text.isdigit() or len(text) > 19 or int(text) >= 1 << 63:
        raise unsound(f"a sparse file with the number {text[:40]!r}")
    return int(text)
