"""Errors in layers from other people."""

from contextlib import contextmanager
from typing import Iterator

from lading.values.errors import LadingError
from lading.values.foreign_text import printable


class LayerError(ValueError):
    """The text is a predicate and a remedy; its subject is the layer."""


@contextmanager
def about_layer(subject: str) -> Iterator[None]:
    """Turn a LayerError into a LadingError whose sentence begins with `subject`."""
    try:
        yield
    except LayerError as error:
        raise LadingError(f"{subject} {printable(str(error))}") from error


def unsound(reason: str) -> LayerError:
    """The bytes are not a complete tar archive. They have the expected digest, so pulling them
    again does not help."""
    return LayerError(
        f"is not a valid tar archive ({reason}). It was published that way: choose another base."
    )
