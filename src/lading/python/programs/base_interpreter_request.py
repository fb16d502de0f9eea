"""Which Python of an image `base_interpreter_main` takes, and where the image is."""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class BaseInterpreterRequest:
    """CPython 3.`minor` at the path `program`; libraries are found in `directories`. Paths have no
    leading slash.

    `layers` are the blobs of the image's layers, lowest first, and `tree` is the JSON of its
    `ImageTree`, as paths below the sandbox.
    """

    program: str
    minor: int
    directories: Tuple[str, ...]
    layers: Tuple[str, ...]
    tree: str
