"""Which files of packages are for people to read rather than for programs."""

import re

# Manuals, translations of messages, and files for Debian's own tools: what Debian's slim images
# leave out.
_DOCUMENTATION = re.compile(
    r"usr/share/(?:doc|doc-base|groff|gtk-doc|info|linda|lintian|locale|man|omf|bug|apport)/."
)

# Licences must be distributed with programs; the C library reads locale.alias.
_KEPT = re.compile(r"usr/share/doc/[^/]+/copyright[^/]*|usr/share/locale/locale\.alias")

# A package may use another package's directory as its own.
_DIRECTORY_LINK = re.compile(r"usr/share/doc/[^/]+")


def is_documentation(path: str, is_symlink: bool) -> bool:
    """Whether images leave out what is at `path`."""
    if not _DOCUMENTATION.match(path) or _KEPT.fullmatch(path):
        return False
    return not (is_symlink and _DIRECTORY_LINK.fullmatch(path))
