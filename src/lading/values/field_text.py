"""Texts as their authors see them in a BUILD file: one rule for all fields with several lines.

    script='''
        cat > $out/motd <<EOF
        Hello
        EOF
    '''

is three lines without indentation, as between two pairs of single quotes in Nix.
"""

import posixpath
from typing import Callable

from lading.values.interpolation import substitute

#: For the help of every field that is read so.
HELP = (
    "Text of several lines can be indented like the rest of the BUILD file: an empty first line "
    "and the indentation that all lines share are removed."
)

_BLANKS = " \t"


def field_text(text: str, value_of: Callable[[str], str]) -> str:
    """`text` without common indentation, and with `value_of(address)` for each address."""
    return substitute(unindented(text), value_of)


def unindented(text: str) -> str:
    """`text` without an empty first line, the indentation that all its lines have in common, and
    the blanks in front of the closing quotes.

    Blank lines have no say in what is common. Tabs and spaces are different. A text of one line is
    left as it is.
    """
    first, _, rest = text.partition("\n")
    if not rest.strip(_BLANKS + "\n"):
        return text
    lines = (text if first.strip(_BLANKS) else rest).split("\n")
    common = len(posixpath.commonprefix([_indentation(line) for line in lines if _has_text(line)]))
    *inner, last = (line[common:] for line in lines)
    return "\n".join([*inner, last if _has_text(last) else ""])


def _has_text(line: str) -> bool:
    return bool(line.strip(_BLANKS))


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(_BLANKS))]
