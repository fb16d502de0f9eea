"""Check and list a layer of a pulled image.

    base_layer_main REQUEST LIBZSTD BLOB DESCRIPTION LISTING

REQUEST is the JSON of `BaseLayerRequest`. DESCRIPTION is the JSON of the `Layer`, with OCI's media
type for what BLOB is; LISTING has its members, one a line. LIBZSTD is the library that
`lading.fetch.zstd_library` pins.
"""

from pathlib import Path
from typing import IO, Iterator, List, Optional

from lading.compression.hashed_io import HashedChunks, HashedInput
from lading.compression.layer_blob import BlobReader
from lading.compression.layer_media_type import Compression, check_media_type, oci_media_type
from lading.files.bounds import UnpackBound
from lading.files.layer_error import LayerError, about_layer
from lading.image.config.layer import Layer
from lading.image.layers.kept_content import KeptContent
from lading.image.layers.layer_listing import listed
from lading.image.programs.base_layer_request import BaseLayerRequest
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.tar.layer_archive import LayerArchive
from lading.values.json_codec import read_json, to_json


def main(argv: List[str]) -> None:
    request_file, libzstd, blob, description, listing = argv
    request = read_json(BaseLayerRequest, Path(request_file))
    partial = Path(listing + ".partial")
    with about_layer(request.subject):
        check_media_type(request.media_type)
        layer = _list(request, libzstd, Path(blob), partial)
    write_whole(Path(description), to_json(layer))
    partial.replace(listing)


def _list(request: BaseLayerRequest, libzstd: str, blob: Path, listing: Path) -> Layer:
    kept: Optional[KeptContent] = KeptContent()
    while kept is not None:
        with blob.open("rb") as file, listing.open("w", encoding="ascii") as output:
            compression = Compression.of(file)
            source = HashedInput(file)
            bound = UnpackBound(blob.stat().st_size, request.max_unpacked_size)
            tar = HashedChunks(BlobReader(libzstd, bound).chunks(source, compression))
            holes = _write_listing(tar, bound, kept, output)
        kept = kept.next_pass()
    _check(request, source, tar)
    return Layer(
        digest=request.digest,
        diff_id=request.diff_id,
        size=request.size,
        media_type=oci_media_type(compression),
        created_by=request.created_by,
        tar_size=tar.size,
        holes=holes,
    )


def _write_listing(
    tar: Iterator[bytes], bound: UnpackBound, kept: KeptContent, listing: IO[str]
) -> int:
    """Returns the number of bytes in all holes."""
    archive = LayerArchive(tar)
    holes = 0
    while (member := archive.next_member()) is not None:
        bound.take(archive.holes)
        holes += archive.holes
        listing.write(listed(member, kept.content(member, archive.read)))
    for _ in tar:
        pass  # nobody uses what follows the archive's end, but the digest covers it
    return holes


def _check(request: BaseLayerRequest, blob: HashedInput, tar: HashedChunks) -> None:
    if (blob.sha256, blob.size) != (request.digest, request.size):
        raise LayerError(
            f"has the digest {blob.sha256} and {blob.size} bytes, but the manifest says "
            f"{request.digest} and {request.size} bytes. The copy in Pants' cache is damaged: "
            "delete the directory that `[GLOBAL].local_store_dir` names, and run this again."
        )
    if tar.sha256 != request.diff_id:
        raise LayerError(
            f"is {tar.sha256} when it is decompressed, but the image's config says "
            f"{request.diff_id}. docker, podman and containerd refuse such an image: "
            "choose another base."
        )


if __name__ == "__main__":
    run(main)
