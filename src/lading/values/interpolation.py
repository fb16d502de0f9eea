"""Store paths in strings: `{//3rdparty/redis}` stands for the store path of that target.

Only `{//...}` and `{:...}` are interpolations. All other braces stay unchanged, because JSON, shell
and templates are full of them. Double the braces to get them literally: `{{//x}}` gives `{//x}`.
"""

import re
from typing import Callable, Tuple

from lading.values.errors import LadingError

#: Characters of Pants addresses, with parameters such as `@platform=linux_arm64`.
_ADDRESS = r"[A-Za-z0-9_./@=,+#~-]"

_LITERAL = r"\{(?P<literal>\{(?://|:)[^{}]*\})\}"
_ABSOLUTE = r"\{(?P<absolute>//[^{}]*)\}"
_RELATIVE = r"\{(?P<relative>:" + _ADDRESS + r"+)\}"
_UNCLOSED = r"(?P<unclosed>\{//[^{}]*)"

_TOKEN = re.compile("|".join((_LITERAL, _ABSOLUTE, _RELATIVE, _UNCLOSED)))
_ABSOLUTE_ADDRESS = re.compile(r"//(?:" + _ADDRESS + "*:)?" + _ADDRESS + "+")


def references(text: str) -> Tuple[str, ...]:
    """The addresses in `text`, in order, as written: `//3rdparty/redis`, `:redis`."""
    found = []
    for match in _TOKEN.finditer(text):
        _check(text, match)
        address = match["absolute"] or match["relative"]
        if address:
            found.append(address)
    return tuple(found)


def substitute(text: str, value_of: Callable[[str], str]) -> str:
    """`text` with each address replaced by `value_of(address)`, and doubled braces by single
    ones."""

    def replacement(match: "re.Match[str]") -> str:
        _check(text, match)
        address = match["absolute"] or match["relative"]
        return value_of(address) if address else match["literal"]

    return _TOKEN.sub(replacement, text)


def _check(text: str, match: "re.Match[str]") -> None:
    if match["unclosed"]:
        raise LadingError(
            f"{_line(text, match)!r} has `{{//` without a `}}` after it. Write "
            "`{//path/to:target}` for a store path, or `{{//...}}` for literal braces."
        )
    absolute = match["absolute"]
    if absolute and not _ABSOLUTE_ADDRESS.fullmatch(absolute):
        raise LadingError(
            f"{_line(text, match)!r} has `{{{absolute}}}`, which is not an address. Write "
            "`{//path/to:target}` for a store path, or `{{//...}}` for literal braces."
        )
    # This is Nix's notation; a shell would take the dollar sign for a part of the path.
    if absolute and text[: match.start()].endswith("$"):
        raise LadingError(
            f"{_line(text, match)!r} has `${{{absolute}}}`. Write it without the dollar sign: "
            f"`{{{absolute}}}`."
        )


def _line(text: str, match: "re.Match[str]") -> str:
    """The line in which the match begins, since a text may be a whole script."""
    before, after = text[: match.start()], text[match.start() :]
    return before.rpartition("\n")[2] + after.partition("\n")[0]
