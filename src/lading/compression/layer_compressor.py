"""Compresses long input in pieces, on all cores, to the same bytes on every machine.

gzip members (RFC 1952, 2.2) and zstd frames (RFC 8878, 3) may follow each other, so each piece of
the input becomes one of them. The pieces are cut by size alone; how many are compressed at a time
decides how fast it goes, and nothing else.
"""

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Deque, List, Protocol

from lading.runtime.whole_file import whole_file

#: Input bytes in one piece. Part of the format: it decides the bytes. Pieces of four times the
#: size would make layers smaller by 0.04 %.
MEMBER_SIZE = 4 << 20

# A thread holds a piece, what it becomes, and the tables of its compressor: with zstd's highest
# level 50 MB.
_MOST_THREADS = 8


class Input(Protocol):
    """What is compressed. Fewer bytes than asked for are the last ones."""

    def read(self, size: int, /) -> bytes:
        ...


class Output(Protocol):
    """What compressed bytes are written to."""

    def write(self, data: bytes, /) -> object:
        ...


class MemberCompressor(Protocol):
    """Compresses one piece at a time."""

    def compress(self, data: bytes) -> bytes:
        """The member or frame that holds `data`, at most `MEMBER_SIZE` bytes."""

    def close(self) -> None:
        ...


class LayerCompressor:
    """Compresses, with a `MemberCompressor` in each thread, to blobs of `media_type`."""

    def __init__(self, media_type: str, make: Callable[[], MemberCompressor]) -> None:
        self.media_type = media_type
        self._make = make
        self._idle: List[MemberCompressor] = [make()]

    def compress(self, source: Input, output: Output) -> None:
        """Write all of `source` as members of `MEMBER_SIZE` bytes each, the last shorter.

        No member for empty input: members concatenate, and nothing is nothing.
        """
        threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
        piece = source.read(MEMBER_SIZE)
        if len(piece) < MEMBER_SIZE:
            if piece:
                output.write(self._compress_member(piece))
            return
        compressed: Deque["Future[bytes]"] = deque()
        with ThreadPoolExecutor(threads) as pool:
            while piece:
                compressed.append(pool.submit(self._compress_member, piece))
                if len(compressed) > threads:
                    output.write(compressed.popleft().result())
                piece = source.read(MEMBER_SIZE)
            for future in compressed:
                output.write(future.result())

    def compress_file(self, source: Path, target: Path) -> None:
        """The same from file to file; `target` is there as a whole or not at all."""
        with source.open("rb") as data, whole_file(target) as output:
            self.compress(data, output)

    def _compress_member(self, data: bytes) -> bytes:
        try:
            compressor = self._idle.pop()
        except IndexError:
            compressor = self._make()
        try:
            return compressor.compress(data)
        finally:
            self._idle.append(compressor)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> "LayerCompressor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
