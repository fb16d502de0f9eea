"""How much the compressed bytes of others may become.

gzip makes up to 1030 bytes of one, zstd any number. Layers of programs and libraries become 2 to 6
times as large, and those of text 20 times.
"""

from lading.image.layer_error import LayerError

#: What every image may become, in bytes.
FLOOR = 1 << 30

#: Above the floor: bytes that one compressed byte may become.
FACTOR = 100


class UnpackBound:
    """Counts down while blobs of `compressed_size` bytes, taken together, are unpacked."""

    def __init__(self, compressed_size: int) -> None:
        self._compressed_size = compressed_size
        self._left = max(FLOOR, FACTOR * compressed_size)

    def take(self, size: int) -> None:
        """LayerError when `size` more bytes are more than there may be."""
        self._left -= size
        if self._left < 0:
            raise LayerError(
                f"becomes more than {max(FLOOR, FACTOR * self._compressed_size)} bytes, of "
                f"{self._compressed_size} compressed ones: it is made to fill disks. Don't use "
                "this image."
            )
