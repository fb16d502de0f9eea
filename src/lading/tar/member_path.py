"""Paths in untrusted layers."""

from typing import List

from lading.files.layer_error import LayerError
from lading.files.whiteouts import PREFIX
from lading.values.foreign_text import shown

#: In bytes (limits.h): Linux's PATH_MAX without the first slash and the end, and NAME_MAX.
PATH_LIMIT, NAME_LIMIT = 4094, 255

#: The most names in a path.
DEPTH_LIMIT = 256

_WHITEOUT = PREFIX.encode("ascii")


def member_path(name: bytes) -> str:
    """The path without leading slash and dots; "" for the root. Like docker, podman and containerd,
    `..` removes the name before it, whatever lies there, and does not lead out of the root.

    Raises LayerError for a path that Linux does not accept.
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
    """Raises LayerError if a path without dots is too long or too deep."""
    data = path.encode("utf-8", "surrogateescape")
    parts = data.split(b"/")
    longest = max(len(part) - len(_WHITEOUT) * part.startswith(_WHITEOUT) for part in parts)
    if len(data) > PATH_LIMIT or len(parts) > DEPTH_LIMIT or longest > NAME_LIMIT:
        raise LayerError(
            f"has the path {shown(path)!r}, of {len(data)} bytes and {len(parts)} names. Lading "
            f"takes at most {PATH_LIMIT} bytes, {DEPTH_LIMIT} names, and {NAME_LIMIT} bytes a "
            "name. Choose another base."
        )
