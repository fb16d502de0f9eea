"""Which files of packages are there for people to read, and not for programs."""

import re

# Manuals, translations of messages, and what Debian keeps for its own tools: as the images of
# Debian that are called slim leave out.
_DOCUMENTATION = re.compile(
    r"usr/share/(?:doc|doc-base|groff|gtk-doc|info|linda|lintian|locale|man|omf|bug|apport)/."
)

# Licences have to come with programs; locale.alias is read by the C library.
_KEPT = re.compile(r"usr/share/doc/[^/]+/copyright[^/]*|usr/share/locale/locale\.alias")

# A package may have another one's directory for its own.
_DIRECTORY_LINK = re.compile(r"usr/share/doc/[^/]+")


def is_documentation(path: str, is_symlink: bool) -> bool:
    """Whether an image is left without what is at `path`."""
    if not _DOCUMENTATION.match(path) or _KEPT.fullmatch(path):
        return False
    return not (is_symlink and _DIRECTORY_LINK.fullmatch(path))
