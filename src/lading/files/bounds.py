"""How much the bytes of others may become: as bytes, and as a tree.

gzip makes up to 1030 bytes of one, zstd any number. Layers of programs and libraries become 2 to 6
times as large, and those of text 20 times.
"""

from typing import Optional

from lading.files.layer_error import LayerError

#: What every image may become, in bytes.
FLOOR = 1 << 30

#: Above the floor: bytes that one compressed byte may become.
FACTOR = 100

#: What lets a user raise the bound.
OPTION = "[lading].max_unpacked_size"


class UnpackBound:
    """Counts down while blobs of `compressed_size` bytes, taken together, are unpacked.

    `limit` is what the user allows, in bytes, if that was said.
    """

    def __init__(self, compressed_size: int, limit: Optional[int] = None) -> None:
        self._compressed_size = compressed_size
        self._limit = max(FLOOR, FACTOR * compressed_size) if limit is None else limit
        self._left = self._limit

    def take(self, size: int) -> None:
        """LayerError when `size` more bytes are more than there may be."""
        self._left -= size
        if self._left < 0:
            raise LayerError(
                f"expands to more than {self._limit} bytes, from {self._compressed_size} "
                f"compressed ones. If you trust it, set `{OPTION}` to more, such as '20 GB'."
            )


#: Files and directories, counted once a layer; large images have half a million.
PLACES = 2_000_000

#: Characters of all their paths.
CHARACTERS = 256 << 20


class TreeBound:
    """Counts down while the layers of one image are applied."""

    def __init__(self) -> None:
        self._places = PLACES
        self._characters = CHARACTERS

    def take(self, path: str) -> None:
        """LayerError when one more path is more than there may be."""
        self._places -= 1
        self._characters -= len(path)
        if self._places < 0 or self._characters < 0:
            raise LayerError(
                f"brings the image to more than {PLACES} files and directories, or to more than "
                f"{CHARACTERS} characters in their paths, which is more than Lading reads. Choose "
                "another base."
            )
