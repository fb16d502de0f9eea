"""Paths in an image where something may be put."""

from lading.files.container_path import (
    MOUNTED,
    check_length,
    is_mounted,
    parse_container_path,
    shown,
)
from lading.files.whiteouts import PREFIX
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR


def parse_root_path(field: str, path: str, is_directory: bool = False) -> str:
    """`path`, from `field`, without its leading slash. Raises a LadingError if nothing may be put
    there.

    Directories may be at the places that runtimes mount over, but nothing may be below these.
    """
    parse_container_path(field, path)
    if path == "/" or (path + "/").startswith(STORE_DIR + "/"):
        raise LadingError(
            f"`{field}` has {shown(path)}, which Lading sets in every image. Choose another path."
        )
    if is_mounted(path) and not (is_directory and path in MOUNTED):
        raise LadingError(
            f"`{field}` has {shown(path)}, but runtimes mount their own /{path.split('/')[1]} over "
            "the image's, so no program would see it. Choose another path."
        )
    check_layer_path(field, path)
    return path[1:]


def check_layer_path(field: str, path: str) -> None:
    """Raises LadingError if a layer can't have `path`, which comes from a field or a source of
    it."""
    check_length(f"`{field}` has {shown(path)}", path)
    if any(name.startswith(PREFIX) for name in path.split("/")):
        raise LadingError(
            f"`{field}` has {shown(path)}, but a name that begins with {PREFIX!r} deletes files of "
            "lower layers. Choose another name, or delete files in `run_as_root`."
        )
