"""Paths inside an image, in its fields."""

import posixpath
import re

from lading.values.errors import LadingError

#: Linux's limits in bytes (limits.h): for a name between slashes, and for a whole path.
MAX_NAME, MAX_PATH = 255, 4095

#: The directories that runtimes mount over those of the image.
MOUNTED = ("/dev", "/proc", "/sys")

# The paths in these directories where docker and podman can still mount a volume.
_VOLUME = re.compile(r"/dev/(shm|mqueue|hugepages)|/sys(/fs/cgroup)?")

#: The line breaks and control characters of C0, DEL and C1.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def parse_container_path(field: str, text: str) -> str:
    """Returns `text` if it is absolute and in its shortest form; raises a LadingError that names
    `field` otherwise."""
    where = f"`{field}` has {shown(text)}"
    if not text.startswith("/"):
        raise LadingError(f"{where}, which is not absolute. Write `/{text.lstrip('./')}`.")
    if ".." in text.split("/"):
        raise LadingError(f"{where}, but `..` is not allowed. Write {_shortest(text)!r}.")
    if text != _shortest(text):
        raise LadingError(f"{where}. Write it in its shortest form, {_shortest(text)!r}.")
    check_characters(where, text)
    check_length(where, text)
    return text


def parse_volume(field: str, text: str) -> str:
    """A path that runtimes can mount a volume at."""
    parse_container_path(field, text)
    if text == "/" or (is_mounted(text) and not _VOLUME.fullmatch(text)):
        raise LadingError(
            f"`{field}` has {shown(text)}, where no runtime can mount a volume. Choose a directory "
            "of the image."
        )
    return text


def check_characters(where: str, path: str) -> None:
    """Raises a LadingError that begins with `where` for a path, relative or not, with line breaks
    or similar characters: some runtimes accept them, but they deceive whoever reads the path."""
    control = _CONTROL.search(path)
    if control:
        raise LadingError(f"{where}, but {control[0]!r} can't be in a path. Remove it.")


def check_length(where: str, path: str) -> None:
    """Raises a LadingError that begins with `where` for a path, relative or not, that Linux does
    not accept."""
    for name in path.split("/"):
        size = len(name.encode("utf-8", "surrogatepass"))
        if size > MAX_NAME:
            raise LadingError(
                f"{where}, in which a name has {size} bytes. Linux allows {MAX_NAME}: choose a "
                "shorter one."
            )
    size = len(path.encode("utf-8", "surrogatepass"))
    if size > MAX_PATH:
        raise LadingError(
            f"{where}, which has {size} bytes. Linux allows {MAX_PATH}: choose a shorter path."
        )


def is_mounted(path: str) -> bool:
    """Whether `path`, which is absolute, is in a directory that runtimes mount over."""
    return any(path == place or path.startswith(place + "/") for place in MOUNTED)


def shown(text: str, most: int = 80) -> str:
    """`text` in quotes, for a message; a long one is shortened in the middle."""
    half = most // 2
    return repr(text if len(text) <= most else f"{text[:half]}...{text[-half:]}")


def _shortest(text: str) -> str:
    # POSIX gives two leading slashes a special meaning, and normpath keeps them.
    return posixpath.normpath("/" + text.lstrip("/"))
