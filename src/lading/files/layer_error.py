"""What is wrong with a layer that others made."""

from contextlib import contextmanager
from typing import Iterator

from lading.values.errors import LadingError
from lading.values.foreign_text import printable


class LayerError(ValueError):
    """The text is a predicate and a remedy; the layer is its subject."""


@contextmanager
def about_layer(subject: str) -> Iterator[None]:
    """Make a LadingError, whose sentence begins with `subject`, of a LayerError."""
    try:
        yield
    except LayerError as error:
        raise LadingError(f"{subject} {printable(str(error))}") from error


def unsound(reason: str) -> LayerError:
    """The bytes are not a tar archive, or not all of one. They have the digest that was asked for,
    so it does not help to pull them again."""
    return LayerError(
        f"is not a valid tar archive ({reason}). It was published that way: choose another base."
    )
