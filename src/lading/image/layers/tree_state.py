"""The state of a tree of files, as far as a layer can express it.

A layer has the same time for everything.
"""

import os
import posixpath
import stat
import time
from dataclasses import replace
from types import MappingProxyType
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from lading.files.attributes import read_attributes
from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.image.layers.layer_unpacker import Device
from lading.tar.member_path import DEPTH_LIMIT, PATH_LIMIT
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown

#: Nanoseconds within which a file may change again without getting another change time. The
#: kernel's clock for files ticks at least every 10 milliseconds.
_SAME_TICK = 100_000_000


#: By path below the root, without leading slash. The root itself is left out, and so are times.
#: A device that did not come from the image has no numbers.
TreeState = Mapping[str, Entry]


class ContentDigests:
    """Digests of files, cached while a file's change time stays the same.

    Programs can't set a change time, so an unchanged one means unchanged content.
    """

    def __init__(self) -> None:
        self._known: Dict[int, Tuple[int, str]] = {}

    def of(self, path: bytes, status: os.stat_result) -> str:
        """SHA-256 (hex) of the content of the file at `path`."""
        changed, digest = self._known.get(status.st_ino, (0, ""))
        if changed == status.st_ctime_ns:
            return digest
        started = time.time_ns()
        digest = Sha256.of_file(path).hex
        if started - status.st_ctime_ns > _SAME_TICK:
            self._known[status.st_ino] = (status.st_ctime_ns, digest)
        return digest


def read_tree(
    root: str,
    left_out: Sequence[str],
    digests: ContentDigests,
    devices: Mapping[int, Device] = MappingProxyType({}),
) -> TreeState:
    """The state of the tree at `root`, without the paths in `left_out`.

    `devices` are the image's (`DiskTree.devices`). Sockets are left out, since nothing listens on
    them any more.
    """
    entries: Dict[str, Entry] = {}
    names_of: Dict[int, List[str]] = {}
    pending = _names(root, "")
    while pending:
        path = pending.pop()
        if path in left_out:
            continue
        host = _host(root, path)
        _check_length(path, host)
        status = os.lstat(host)
        entry = _entry(path, host, status, digests, devices)
        if entry is None:
            continue
        entries[path] = entry
        if entry.is_directory:
            pending.extend(posixpath.join(path, name) for name in _names(root, path))
        elif (entry.kind is Kind.FILE or entry.kind.is_device) and status.st_nlink > 1:
            names_of.setdefault(status.st_ino, []).append(path)
    for names in names_of.values():
        links = tuple(sorted(names))
        for path in links:
            hardlink = "" if path == links[0] else links[0]
            entries[path] = replace(entries[path], hardlink=hardlink, links=links)
    return entries


def _check_length(path: str, host: bytes) -> None:
    """Names and texts of layers have the same limit when they are read."""
    if path.count("/") >= DEPTH_LIMIT or len(host) > PATH_LIMIT:
        raise LadingError(
            f"`run_as_root` made /{printable(shown(path))}, which is more than {DEPTH_LIMIT} names "
            f"deep, or about {PATH_LIMIT} bytes long: remove it before the commands end."
        )


def _names(root: str, path: str) -> List[str]:
    return [name.decode("utf-8", "surrogateescape") for name in os.listdir(_host(root, path))]


def _host(root: str, path: str) -> bytes:
    return posixpath.join(root, path).encode("utf-8", "surrogateescape")


def _entry(
    path: str,
    host: bytes,
    status: os.stat_result,
    digests: ContentDigests,
    devices: Mapping[int, Device],
) -> Optional[Entry]:
    kind, mode = Kind.of_mode(status.st_mode), stat.S_IMODE(status.st_mode)
    uid, gid = status.st_uid, status.st_gid
    if kind is None or kind is Kind.BLOCK_DEVICE:
        return None
    if kind is Kind.SYMLINK:
        target = os.readlink(host).decode("utf-8", "surrogateescape")
        return Entry(path, kind, LINK_MODE, uid, gid, target)
    size, sha256, device = 0, "", None
    if kind is Kind.FILE:
        size, sha256 = status.st_size, digests.of(host, status)
    elif kind is Kind.CHARACTER_DEVICE and status.st_ino in devices:
        kind, *numbers = devices[status.st_ino]
        device = (numbers[0], numbers[1])
    xattrs = read_attributes(host)
    return Entry(path, kind, mode, uid, gid, size=size, sha256=sha256, xattrs=xattrs, device=device)
