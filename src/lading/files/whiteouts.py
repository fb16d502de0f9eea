"""Names in a layer that hide files of lower layers: OCI image-spec, layer.md, Whiteouts."""

import posixpath
from typing import Optional

PREFIX = ".wh."

#: Hides everything that lower layers have in its directory.
OPAQUE = ".wh..wh..opq"


def whiteout(path: str) -> str:
    """The path of the member that hides `path`."""
    return posixpath.join(posixpath.dirname(path), PREFIX + posixpath.basename(path))


def is_opaque(path: str) -> bool:
    return posixpath.basename(path) == OPAQUE


def hidden(path: str) -> Optional[str]:
    """The path that the member `path` hides; None if it is an ordinary member.

    Ask `is_opaque` first: its name looks like a whiteout (ggcr#2372).
    """
    directory, name = posixpath.split(path)
    if not name.startswith(PREFIX):
        return None
    return posixpath.join(directory, name[len(PREFIX) :])
