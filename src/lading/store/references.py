"""Finds the store paths that a tree refers to.

The rule is Nix's (src/libstore/references.cc): the 32 characters of a store path's hash, wherever
they occur in file contents, file names and link targets, are a reference, even without the store
directory before them or the name after them.

A search for each hash would cost one pass per hash. So each chunk is tested twice, and only chunks
that pass both tests are searched. First: does it have a run of 32 characters of the hash alphabet?
Second: the 8 bytes at every 24th offset are looked up among all 8-byte pieces of the hashes. A hash
covers 32 bytes, so it contains at least one of these offsets and the 8 bytes from there.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, Iterator, Mapping, Set, Tuple

from lading.files.tree import HostFile, walk
from lading.store import packed
from lading.values.path import HASH_LENGTH

_ALPHABET = b"0123456789abcdfghijklmnpqrsvwxyz"
_IN_ALPHABET = bytes(byte in _ALPHABET for byte in range(256))
_RUN = b"\x01" * HASH_LENGTH

_PIECE = 8
_STRIDE = HASH_LENGTH - _PIECE

# Small enough that most chunks of programs have no such run, and fail the first test.
_CHUNK_SIZE = 1 << 16


@dataclass(frozen=True)
class HashScanner:
    """The hashes to look for, prepared once for any number of scans."""

    _pieces: Mapping[int, Tuple[bytes, ...]]
    _piece_set: FrozenSet[int]

    @classmethod
    def of(cls, hashes: Iterable[str]) -> "HashScanner":
        """Takes the hash parts of store paths, 32 characters each."""
        pieces: Dict[int, Tuple[bytes, ...]] = {}
        for hash_ in sorted({text.encode("ascii") for text in hashes}):
            for start in range(HASH_LENGTH - _PIECE + 1):
                piece = int.from_bytes(hash_[start : start + _PIECE], sys.byteorder)
                pieces[piece] = pieces.get(piece, ()) + (hash_,)
        return cls(pieces, frozenset(pieces))

    def scan(self, chunks: Iterable[bytes]) -> Set[bytes]:
        """The hashes that occur in the concatenation of `chunks`."""
        found: Set[bytes] = set()
        carry = b""
        for chunk in chunks:
            data = carry + chunk
            found |= self._scan_piece(data)
            carry = data[-(HASH_LENGTH - 1) :]
        return found

    def _scan_piece(self, data: bytes) -> Set[bytes]:
        if _RUN not in data.translate(_IN_ALPHABET):
            return set()
        words = memoryview(data)[: len(data) // _PIECE * _PIECE].cast("Q")
        hits = self._piece_set.intersection(words[:: _STRIDE // _PIECE])
        suspects = {hash_ for hit in hits for hash_ in self._pieces[hit]}
        return {hash_ for hash_ in suspects if hash_ in data}


def scan_tree(root: Path, hashes: Iterable[str]) -> Dict[str, str]:
    """The hashes that occur in the tree, sorted, each with the first place it was found at.

    A place is a path relative to `root` ("." for the root itself), or `path!/member` inside a
    compressed file. Links are not followed. Raises `LadingError` if a compressed file is a bomb.
    """
    return scan_entries(walk(root), hashes)


def scan_entries(entries: Iterable[HostFile], hashes: Iterable[str]) -> Dict[str, str]:
    """Like `scan_tree`, for `entries` instead of a whole tree."""
    wanted = HashScanner.of(hashes)
    found: Dict[bytes, str] = {}
    for entry in entries:
        for place, hashes_there in _scan_entry(wanted, entry):
            for hash_ in hashes_there:
                found.setdefault(hash_, place)
    return {hash_.decode("ascii"): found[hash_] for hash_ in sorted(found)}


def _scan_entry(wanted: HashScanner, entry: HostFile) -> Iterator[Tuple[str, Set[bytes]]]:
    yield entry.path, wanted.scan([os.fsencode(os.path.basename(entry.path))])
    if entry.is_link:
        yield entry.path, wanted.scan([os.fsencode(os.readlink(entry.host))])
    elif entry.is_file:
        with open(entry.host, "rb", buffering=0) as file:
            yield entry.path, wanted.scan(iter(lambda: file.read(_CHUNK_SIZE), b""))
        for member, chunks in packed.members(entry.host, entry.path):
            yield f"{entry.path}!/{member}", _scan_member(wanted, chunks)


def _scan_member(wanted: HashScanner, chunks: Iterable[bytes]) -> Set[bytes]:
    """The hashes in a compressed member's content; none if it is damaged, since then nobody can
    read it."""
    try:
        return wanted.scan(chunks)
    except packed.DamagedMemberError:
        return set()
