"""What `needs_main` checks."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class NeedsRequest:
    """Paths below the sandbox: `needs` and `wheels` are the two lists that `wheel_main` makes of
    each wheel, `interpreter` is one from the store, `tree` the JSON of the `ImageTree`, or "". Of
    that, libraries are found in `directories`.

    `remedy` is the sentence that says what to do about what is missing.
    """

    needs: Tuple[str, ...]
    wheels: Tuple[str, ...]
    interpreter: Optional[InterpreterFiles]
    tree: str
    directories: Tuple[str, ...]
    remedy: str
