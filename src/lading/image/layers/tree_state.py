"""The state of a tree of files, as far as a layer can express it.

Times are not part of it: a layer has the same time for everything.
"""

import os
import posixpath
import stat
import time
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from lading.files.attributes import Attributes, read_attributes
from lading.files.kind import Kind
from lading.image.layers.layer_unpacker import Device
from lading.tar.member_path import DEPTH_LIMIT, PATH_LIMIT
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown

#: Nanoseconds within which a file may change again without getting another change time. The
#: kernel's clock for files ticks at least every 10 milliseconds.
_SAME_TICK = 100_000_000


@dataclass(frozen=True)
class Node:
    """A file, directory, symlink, pipe or device.

    `mode` has only the permission bits. `size` and `sha256` (hex) describe a file's content,
    `target` is a symlink's text, `device` a device's numbers, or None for a device that did not
    come from the image. `links` are all paths of a file that has several, sorted.
    """

    type: Kind
    mode: int
    uid: int
    gid: int
    size: int = 0
    sha256: str = ""
    target: str = ""
    attributes: Attributes = ()
    device: Optional[Tuple[int, int]] = None
    links: Tuple[str, ...] = ()


#: By path below the root, without leading slash. The root itself is left out.
TreeState = Mapping[str, Node]


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
    nodes: Dict[str, Node] = {}
    names_of: Dict[int, List[str]] = {}
    pending = _names(root, "")
    while pending:
        path = pending.pop()
        if path in left_out:
            continue
        host = _host(root, path)
        _check_length(path, host)
        status = os.lstat(host)
        node = _node(host, status, digests, devices)
        if node is None:
            continue
        nodes[path] = node
        if node.type == Kind.DIRECTORY:
            pending.extend(posixpath.join(path, name) for name in _names(root, path))
        elif (node.type is Kind.FILE or node.type.is_device) and status.st_nlink > 1:
            names_of.setdefault(status.st_ino, []).append(path)
    for names in names_of.values():
        links = tuple(sorted(names))
        for path in links:
            nodes[path] = replace(nodes[path], links=links)
    return nodes


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


def _node(
    host: bytes, status: os.stat_result, digests: ContentDigests, devices: Mapping[int, Device]
) -> Optional[Node]:
    mode = stat.S_IMODE(status.st_mode)
    owner = (status.st_uid, status.st_gid)
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(host).decode("utf-8", "surrogateescape")
        return Node(Kind.SYMLINK, 0o777, *owner, target=target)
    if stat.S_ISDIR(status.st_mode):
        node = Node(Kind.DIRECTORY, mode, *owner)
    elif stat.S_ISFIFO(status.st_mode):
        node = Node(Kind.PIPE, mode, *owner)
    elif stat.S_ISREG(status.st_mode):
        sha256 = digests.of(host, status)
        node = Node(Kind.FILE, mode, *owner, size=status.st_size, sha256=sha256)
    elif stat.S_ISCHR(status.st_mode):
        type, *numbers = devices.get(status.st_ino, (Kind.CHARACTER_DEVICE,))
        node = Node(type, mode, *owner, device=(numbers[0], numbers[1]) if numbers else None)
    else:
        return None
    return replace(node, attributes=read_attributes(host))
