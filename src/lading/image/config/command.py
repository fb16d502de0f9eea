"""Programs and their arguments in an image's config."""

from typing import Sequence

from lading.files.container_path import shown
from lading.values.errors import LadingError


def check_command(field: str, words: Sequence[str], is_program: bool = True) -> None:
    """Raises a LadingError unless Linux can run `words`. Without `is_program` they are arguments
    only."""
    for word in words:
        if "\0" in word:
            raise LadingError(
                f"`{field}` has {shown(word)}, but no argument can hold a NUL character. Remove it."
            )
    if is_program and words[:1] == ("",):
        raise LadingError(
            f"`{field}` begins with an empty string, which names no program. Write the program "
            "first, or `[]` if there is none."
        )
