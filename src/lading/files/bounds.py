"""Limits for unpacking untrusted data, in bytes and in the size of the tree.

gzip expands a byte to at most 1030, zstd to any number. Layers of programs and libraries grow by a
factor of 2 to 6, text by up to 20.
"""

from typing import Optional

from lading.files.layer_error import LayerError

#: The size in bytes that every image may unpack to.
FLOOR = 1 << 30

#: Above the floor: the number of bytes that one compressed byte may unpack to.
FACTOR = 100

#: The option with which a user can raise the limit.
OPTION = "[lading].max_unpacked_size"


class UnpackBound:
    """Counts down while blobs of `compressed_size` bytes in total are unpacked.

    `limit` is the user's own limit in bytes, if there is one.
    """

    def __init__(self, compressed_size: int, limit: Optional[int] = None) -> None:
        self._compressed_size = compressed_size
        self._limit = max(FLOOR, FACTOR * compressed_size) if limit is None else limit
        self._left = self._limit

    def take(self, size: int) -> None:
        """Raises LayerError if `size` more bytes exceed the limit."""
        self._left -= size
        if self._left < 0:
            raise LayerError(
                f"expands to more than {self._limit} bytes, from {self._compressed_size} "
                f"compressed ones. If you trust it, set `{OPTION}` to more, such as '20 GB'."
            )


#: Files and directories, counted again in each layer that has them; large images have half a
#: million.
PLACES = 2_000_000

#: Characters of all paths together.
CHARACTERS = 256 << 20


class TreeBound:
    """Counts down while the layers of one image are applied."""

    def __init__(self) -> None:
        self._places = PLACES
        self._characters = CHARACTERS

    def take(self, path: str) -> None:
        """Raises LayerError if one more path exceeds the limit."""
        self._places -= 1
        self._characters -= len(path)
        if self._places < 0 or self._characters < 0:
            raise LayerError(
                f"brings the image to more than {PLACES} files and directories, or to more than "
                f"{CHARACTERS} characters in their paths, which is more than Lading reads. Choose "
                "another base."
            )
