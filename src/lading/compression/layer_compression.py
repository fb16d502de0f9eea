"""How the layers that are made here are compressed."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Optional

from lading.compression import deflate, zstd_compressor
from lading.compression.deflate import Deflate
from lading.compression.layer_compressor import LayerCompressor
from lading.compression.zstd_compressor import ZstdCompressor
from lading.values.errors import LadingError
from lading.values.json_codec import read_json

#: The compressor of a machine lies in a directory, as the library of whatever method that is, and
#: the JSON of a `LayerCompression`.
LIBRARY, FILE = "compressor.so", "compression.json"


class Method(Enum):
    """What compresses; the value is what `[lading].compression` may be."""

    GZIP = "gzip"
    ZSTD = "zstd"


_DEFAULT_LEVELS = {Method.GZIP: deflate.LEVEL, Method.ZSTD: zstd_compressor.LEVEL}
# More than 19 makes zstd take memory by the gigabyte.
_HIGHEST_LEVELS = {Method.GZIP: 12, Method.ZSTD: 19}


@dataclass(frozen=True)
class LayerCompression:
    method: Method = Method.GZIP
    level: int = _DEFAULT_LEVELS[Method.GZIP]

    @classmethod
    def parse(cls, method: Method, level: Optional[int]) -> "LayerCompression":
        """`level` is the method's own; None for its default. A LadingError if it has no such."""
        if level is None:
            return cls(method, _DEFAULT_LEVELS[method])
        highest = _HIGHEST_LEVELS[method]
        if not 1 <= level <= highest:
            raise LadingError(
                f"`compression_level` is {level}, but {method.value} has 1 to {highest}. Choose "
                f"one of these, or leave it out, which means {_DEFAULT_LEVELS[method]}."
            )
        return cls(method, level)


def open_compressor(library: str) -> LayerCompressor:
    """The compressor of the library at that path, as the `FILE` beside it says, if there is one."""
    file = Path(library).with_name(FILE)
    compression = LayerCompression()
    if file.exists():
        compression = read_json(LayerCompression, file)
    if compression.method is Method.ZSTD:
        return ZstdCompressor(library, compression.level)
    return Deflate(library, compression.level)
