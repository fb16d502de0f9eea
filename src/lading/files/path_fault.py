"""Checks that keep invalid paths, links and owners out of a layer.

A file name that begins with `.wh.` would delete files of lower layers.
"""

from lading.files.container_path import MAX_NAME, MAX_PATH
from lading.files.whiteouts import PREFIX

# (uid_t)-1 means "leave unchanged" (chown(2)).
_LARGEST_ID = (1 << 32) - 2


def path_fault(path: str) -> str:
    """A predicate, with the path as its subject; "" for a path that a layer can have."""
    names = path.split("/")
    sizes = [len(name.encode("utf-8", "surrogateescape")) for name in names]
    if "\0" in path:
        return "has a NUL byte"
    if max(sizes) > MAX_NAME:
        return f"has a name of {max(sizes)} bytes, but Linux allows {MAX_NAME}"
    if sum(sizes) + len(names) > MAX_PATH:
        return f"is longer than the {MAX_PATH} bytes that Linux allows"
    if any(name.startswith(PREFIX) for name in names):
        return f"has a name that begins with {PREFIX!r}, which deletes files in a layer"
    return ""


def target_fault(target: str) -> str:
    """The same for the target of a symlink, with the symlink as its subject."""
    size = len(target.encode("utf-8", "surrogateescape"))
    if "\0" in target:
        return "leads to a path with a NUL byte"
    if not 0 < size <= MAX_PATH:
        return f"leads to a path of {size} bytes, but Linux allows 1 to {MAX_PATH}"
    return ""


def owner_fault(uid: int, gid: int) -> str:
    """The same for an owner, with the file as its subject."""
    if all(0 <= id <= _LARGEST_ID for id in (uid, gid)):
        return ""
    return f"belongs to {uid}:{gid}, but ids are numbers from 0 to {_LARGEST_ID}"
