"""Paths in the layers of others."""

from typing import List

from lading.files.layer_error import LayerError
from lading.files.whiteouts import PREFIX
from lading.values.foreign_text import shown

#: Linux's PATH_MAX without the first slash and the end, and NAME_MAX, in bytes (limits.h).
PATH_LIMIT, NAME_LIMIT = 4094, 255

#: Most names in a path.
DEPTH_LIMIT = 256

_WHITEOUT = PREFIX.encode("ascii")


def member_path(name: bytes) -> str:
    """The path without leading slash and dots; "" for the root. `..` takes away the name in front
    of it, whatever lies there, and does not lead out of the root: so do docker, podman and
    containerd.

    LayerError where it is no path that Linux takes.
    """
    text = name.decode("utf-8", "surrogateescape")
    parts: List[str] = []
    for part in text.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    path = "/".join(parts)
    check_length(path)
    return path


def check_length(path: str) -> None:
    """LayerError where a path without dots is longer or deeper than it may be."""
    data = path.encode("utf-8", "surrogateescape")
    parts = data.split(b"/")
    longest = max(len(part) - len(_WHITEOUT) * part.startswith(_WHITEOUT) for part in parts)
    if len(data) > PATH_LIMIT or len(parts) > DEPTH_LIMIT or longest > NAME_LIMIT:
        raise LayerError(
            f"has the path {shown(path)!r}, of {len(data)} bytes and {len(parts)} names. Lading "
            f"takes at most {PATH_LIMIT} bytes, {DEPTH_LIMIT} names, and {NAME_LIMIT} bytes a "
            "name. Choose another base."
        )
