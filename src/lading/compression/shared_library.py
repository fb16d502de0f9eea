"""Libraries in C that are called through ctypes."""

import ctypes
from pathlib import Path
from typing import Any, Iterable, Sequence, Tuple

from lading.values.errors import LadingError

#: A function's name, what it returns, and what it takes.
Function = Tuple[str, Any, Sequence[Any]]


def load_library(path: str, name: str, glibc: str) -> ctypes.CDLL:
    """The library in the file `path`, which errors call `name`. LadingError if it can't be loaded,
    as with a glibc older than `glibc`."""
    try:
        # Absolute, because dlopen looks for names without a slash in the system's directories.
        return ctypes.CDLL(str(Path(path).absolute()))
    except OSError as error:
        raise LadingError(
            f"{name} can't be loaded on this machine: {error}. It needs Linux with glibc {glibc} "
            "or later, on the architecture that it was built for."
        ) from error


def declare(library: ctypes.CDLL, functions: Iterable[Function]) -> None:
    """Without their types ctypes takes everything for an int, which cuts pointers off."""
    for name, result, arguments in functions:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
