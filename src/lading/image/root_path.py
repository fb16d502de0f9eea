"""Paths that an image's fields may put something at."""

from lading.errors import LadingError
from lading.image.container_path import parse_container_path
from lading.store.path import STORE_DIR


def parse_root_path(field: str, path: str) -> str:
    """`path` without its leading slash; a LadingError where nothing may be put."""
    parse_container_path(field, path)
    if path == "/" or (path + "/").startswith(STORE_DIR + "/"):
        raise LadingError(
            f"`{field}` has {path!r}, which is fixed in every image. Choose another path."
        )
    return path[1:]
