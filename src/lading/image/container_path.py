"""Absolute paths inside an image."""

import posixpath

from lading.errors import LadingError


def parse_container_path(field: str, text: str) -> str:
    """`text` if it is absolute and in its shortest form; else a LadingError that names `field`."""
    if not text.startswith("/"):
        raise LadingError(
            f"`{field}` has {text!r}, which is not absolute. Write `/{text.lstrip('./')}`."
        )
    if "\0" in text:
        raise LadingError(f"`{field}` has {text!r}, but a path can't hold a NUL character.")
    # POSIX gives two leading slashes a meaning of their own, and normpath keeps them.
    shortest = posixpath.normpath("/" + text.lstrip("/"))
    if ".." in text.split("/"):
        raise LadingError(f"`{field}` has {text!r}, but `..` is not allowed. Write {shortest!r}.")
    if text != shortest:
        raise LadingError(f"`{field}` has {text!r}. Write it in its shortest form, {shortest!r}.")
    return text
