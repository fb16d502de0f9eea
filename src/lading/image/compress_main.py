"""Compress one package segment: `compress_main LIBDEFLATE SEGMENT OUTPUT`.

OUTPUT is gzip without an end-of-archive marker in it, as SEGMENT has none.
"""

from pathlib import Path
from typing import List

from lading.image.deflate import Deflate
from lading.program import run


def main(argv: List[str]) -> None:
    library, segment, output = argv
    source, partial = Path(segment), Path(output + ".partial")
    with Deflate(library) as deflate, source.open("rb") as tar, partial.open("wb") as gzip:
        deflate.compress(tar, gzip)
    partial.replace(output)


if __name__ == "__main__":
    run(main)
