"""Compress one package segment: `compress_main LIBDEFLATE SEGMENT OUTPUT DESCRIPTION`.

OUTPUT is gzip without an end-of-archive marker in it, as SEGMENT has none. DESCRIPTION is JSON:
`sha256` (hex) and `size` (bytes) of OUTPUT.
"""

import json
from pathlib import Path
from typing import List

from lading.image.deflate import Deflate
from lading.image.hashed_output import HashedOutput
from lading.program import run


def main(argv: List[str]) -> None:
    library, segment, output, description = argv
    partial = Path(output + ".partial")
    with Path(segment).open("rb") as source, partial.open("wb") as file:
        hashed = HashedOutput(file)
        with Deflate(library) as deflate:
            deflate.compress(source, hashed)
    fields = {"sha256": hashed.sha256.hex, "size": hashed.size}
    Path(description).write_text(json.dumps(fields, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(output)


if __name__ == "__main__":
    run(main)
