"""Make an image's archive.

    archive_main REQUEST LIBZSTD ARCHIVE [STATE]

REQUEST is the JSON of `ArchiveRequest`. LIBZSTD is the library that `lading.fetch.zstd_library`
pins; it may be missing if no layer is compressed with zstd. With STATE, ARCHIVE is in the user's
own directory, outside of the sandbox; its `FileState` after writing is written to STATE, as JSON.
"""

import errno
import os
from pathlib import Path
from typing import BinaryIO, Callable, List

from lading.image.archive import write_archive
from lading.image.config.layer import Layer
from lading.image.manifest import Image
from lading.image.programs.archive_request import ArchiveRequest
from lading.image.reference import ImageReference
from lading.image.written_files import FileState
from lading.runtime.full_disk import FULL
from lading.runtime.program import run
from lading.runtime.whole_file import whole_file, write_whole
from lading.values.errors import LadingError
from lading.values.json_codec import read_json, to_json

_IN_THE_WAY = (
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR),
    *(errno.EFBIG, errno.ENAMETOOLONG),
    errno.ENOENT,  # somebody removes dist/ meanwhile
)


def main(argv: List[str]) -> None:
    request_file, libzstd, output, *state = argv
    request = read_json(ArchiveRequest, Path(request_file))
    if not state:
        with whole_file(Path(output)) as file:
            _write_archive(request, libzstd, file)
        return
    left = _write_for_user(Path(output), lambda file: _write_archive(request, libzstd, file))
    write_whole(Path(state[0]), to_json(left))


def _write_archive(request: ArchiveRequest, libzstd: str, output: BinaryIO) -> None:
    layers = [Layer.read(Path(files.description)) for files in request.layers]
    image = Image.read(
        Path(request.config).read_bytes(), Path(request.manifest).read_bytes(), layers
    )
    references = [ImageReference.parse_name(name) for name in request.tags]
    blobs = {layer.digest: Path(files.blob) for layer, files in zip(layers, request.layers)}
    write_archive(image, references, blobs, libzstd, output)


def _write_for_user(path: Path, write: Callable[[BinaryIO], object]) -> FileState:
    """Write a file in the user's own directory. Raises LadingError if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            write(file)
            # Somebody else may already have put another file there.
            same_file = os.dup(file.fileno())
        try:
            return FileState.of(os.fstat(same_file))
        finally:
            os.close(same_file)
    except OSError as error:
        if error.errno in FULL:
            raise LadingError(_no_room(path, error)) from error
        if error.errno in _IN_THE_WAY:
            raise LadingError(
                f"{path} can't be written ({os.strerror(error.errno)}). Remove what is in its way, "
                "or allow the user who runs the build to write there."
            ) from error
        raise


def _no_room(path: Path, error: OSError) -> str:
    disk = os.statvfs(next(parent for parent in path.parents if parent.is_dir()))
    free = disk.f_bavail * disk.f_frsize / 1e6
    return (
        f"there is no room for {path} ({error.strerror}): {free:,.1f} MB are free there now. Make "
        "room and run it again."
    )


if __name__ == "__main__":
    run(main)
