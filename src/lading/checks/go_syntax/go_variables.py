"""Replaces `$NAME` and `${NAME}` in texts as Go's os.Expand does for container-structure-test."""

import re
from typing import Mapping

# Go, os/env.go, getShellName: a special character of shells, or a name. "${" alone is bad syntax
# and is removed.
_VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>[^}]*)\}|(?P<bad>\{)|(?P<special>[*#$@!?\-0-9])|(?P<name>[A-Za-z0-9_]+))"
)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Names that are missing from `variables` are removed; a dollar without a name stays."""

    def value(match: "re.Match[str]") -> str:
        name = match["braced"] or match["special"] or match["name"] or ""
        return variables.get(name, "")

    return _VARIABLE.sub(value, text)
