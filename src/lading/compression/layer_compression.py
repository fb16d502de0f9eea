"""How Lading compresses the layers that it writes."""

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

#: A machine's compressor is a directory with the library of the method, and the JSON of a
#: `LayerCompression`.
LIBRARY, FILE = "compressor.so", "compression.json"


class Method(Enum):
    """The compression method; the values are those of `[lading].compression`."""

    GZIP = "gzip"
    ZSTD = "zstd"


_DEFAULT_LEVELS = {Method.GZIP: deflate.LEVEL, Method.ZSTD: zstd_compressor.LEVEL}
# Above 19, zstd takes gigabytes of memory.
_HIGHEST_LEVELS = {Method.GZIP: 12, Method.ZSTD: 19}


@dataclass(frozen=True)
class LayerCompression:
    method: Method = Method.GZIP
    level: int = _DEFAULT_LEVELS[Method.GZIP]

    @classmethod
    def parse(cls, method: Method, level: Optional[int]) -> "LayerCompression":
        """`level` is the method's own; None means its default. Raises a LadingError for an invalid
        level."""
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
    """The compressor of the library at that path, as described by the `FILE` beside it, if there is
    one."""
    file = Path(library).with_name(FILE)
    compression = LayerCompression()
    if file.exists():
        compression = read_json(LayerCompression, file)
    if compression.method is Method.ZSTD:
        return ZstdCompressor(library, compression.level)
    return Deflate(library, compression.level)
