"""Multi-line texts in BUILD files; all such fields follow the same rule.

    script='''
        cat > $out/motd <<EOF
        Hello
        EOF
    '''

means three lines without indentation, as in Nix between two pairs of single quotes.
"""

import posixpath
from typing import Callable

from lading.values.interpolation import substitute

#: For the help of every field that is read like this.
HELP = (
    "Text of several lines can be indented like the rest of the BUILD file: an empty first line "
    "and the indentation that all lines share are removed."
)

_BLANKS = " \t"


def field_text(text: str, value_of: Callable[[str], str]) -> str:
    """`text` without common indentation, and with `value_of(address)` for each address."""
    return substitute(unindented(text), value_of)


def unindented(text: str) -> str:
    """`text` without an empty first line, its lines' common indentation, and the blanks before the
    closing quotes.

    Blank lines do not affect the common indentation. Tabs and spaces are different. A text of one
    line is left unchanged.
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
