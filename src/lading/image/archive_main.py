"""Make an image's archive: `archive_main REQUEST LIBZSTD ARCHIVE`.

REQUEST is the JSON of `ArchiveRequest`. LIBZSTD is the library that `lading.image.zstd_library`
pins; it need not be there where no layer is of zstd.
"""

from pathlib import Path
from typing import List

from lading.image.archive import write_archive
from lading.image.archive_request import ArchiveRequest
from lading.image.layer import Layer
from lading.image.manifest import Image
from lading.image.reference import ImageReference
from lading.program import run


def main(argv: List[str]) -> None:
    request_file, libzstd, output = argv
    partial = Path(output + ".partial")
    request = ArchiveRequest.from_json(Path(request_file).read_text(encoding="utf-8"))
    layers = [Layer.read(Path(files.description)) for files in request.layers]
    image = Image.read(
        Path(request.config).read_bytes(), Path(request.manifest).read_bytes(), layers
    )
    references = [ImageReference.parse_name(name) for name in request.tags]
    blobs = {layer.digest: Path(files.blob) for layer, files in zip(layers, request.layers)}
    with partial.open("wb") as file:
        write_archive(image, references, blobs, libzstd, file)
    partial.replace(output)


if __name__ == "__main__":
    run(main)
