"""The request of `needs_main`."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class NeedsRequest:
    """Paths are below the sandbox. `needs` and `wheels` are the two lists that `wheel_main` writes
    for each wheel, `interpreter` is one from the store, `tree` is the JSON of the `ImageTree`, or
    "". Libraries in that tree are searched in `directories`.

    `remedy` is a sentence that says what to do about missing libraries.
    """

    needs: Tuple[str, ...]
    wheels: Tuple[str, ...]
    interpreter: Optional[InterpreterFiles]
    tree: str
    directories: Tuple[str, ...]
    remedy: str
