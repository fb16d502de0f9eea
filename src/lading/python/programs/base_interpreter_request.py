"""Which Python `base_interpreter_main` extracts, and from which image."""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class BaseInterpreterRequest:
    """CPython 3.`minor` at the path `program`; its libraries are searched in `directories`. Paths
    have no leading slash.

    `layers` are the blobs of the image's layers, lowest first, and `tree` is the JSON of its
    `ImageTree`, as paths below the sandbox.
    """

    program: str
    minor: int
    directories: Tuple[str, ...]
    layers: Tuple[str, ...]
    tree: str
