"""What a tree of files consists of, as a layer can tell it.

Times are not in it: a layer has the same time for everything.
"""

import os
import posixpath
import stat
import time
from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from lading import tar_header
from lading.digest import Sha256
from lading.image.layer_unpacker import CAPABILITY

#: Nanoseconds in which a file may change again without getting another change time; the kernel's
#: clock for files ticks every 10 milliseconds or more often.
_SAME_TICK = 100_000_000


@dataclass(frozen=True)
class Node:
    """A file, directory, symlink or pipe. `type` is a tar header's.

    `mode` has the permission bits only. `size` and `sha256` (hex) are of a file's content,
    `target` is a symlink's text, `capability` the extended attribute of that name or b"".
    `links` are all paths of a file that has several, sorted.
    """

    type: str
    mode: int
    uid: int
    gid: int
    size: int = 0
    sha256: str = ""
    target: str = ""
    capability: bytes = b""
    links: Tuple[str, ...] = ()


#: By path below the root, without leading slash. The root itself is not in it.
TreeState = Mapping[str, Node]


class ContentDigests:
    """Digests of files, remembered as long as a file's change time stays what it was.

    Nobody can set a change time, so what kept it kept its content.
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


def read_tree(root: str, left_out: Sequence[str], digests: ContentDigests) -> TreeState:
    """The state of the tree at `root`, without the paths in `left_out`.

    Sockets are left out, since nobody listens to them any more, and so are devices.
    """
    nodes: Dict[str, Node] = {}
    names_of: Dict[int, List[str]] = {}
    pending = _names(root, "")
    while pending:
        path = pending.pop()
        if path in left_out:
            continue
        host = _host(root, path)
        status = os.lstat(host)
        node = _node(host, status, digests)
        if node is None:
            continue
        nodes[path] = node
        if node.type == tar_header.DIRECTORY:
            pending.extend(posixpath.join(path, name) for name in _names(root, path))
        elif node.type == tar_header.FILE and status.st_nlink > 1:
            names_of.setdefault(status.st_ino, []).append(path)
    for names in names_of.values():
        links = tuple(sorted(names))
        for path in links:
            nodes[path] = replace(nodes[path], links=links)
    return nodes


def _names(root: str, path: str) -> List[str]:
    return [name.decode("utf-8", "surrogateescape") for name in os.listdir(_host(root, path))]


def _host(root: str, path: str) -> bytes:
    return posixpath.join(root, path).encode("utf-8", "surrogateescape")


def _node(host: bytes, status: os.stat_result, digests: ContentDigests) -> Optional[Node]:
    mode = stat.S_IMODE(status.st_mode)
    owner = (status.st_uid, status.st_gid)
    if stat.S_ISDIR(status.st_mode):
        return Node(tar_header.DIRECTORY, mode, *owner)
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(host).decode("utf-8", "surrogateescape")
        return Node(tar_header.SYMLINK, 0o777, *owner, target=target)
    if stat.S_ISFIFO(status.st_mode):
        return Node(tar_header.FIFO, mode, *owner)
    if stat.S_ISREG(status.st_mode):
        return Node(
            tar_header.FILE,
            mode,
            *owner,
            size=status.st_size,
            sha256=digests.of(host, status),
            capability=_capability(host),
        )
    return None


def _capability(host: bytes) -> bytes:
    try:
        return os.getxattr(host, CAPABILITY, follow_symlinks=False)
    except OSError:
        return b""  # it has none, or the file system has no such attributes
