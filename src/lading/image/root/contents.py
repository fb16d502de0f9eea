"""The trees of packages at `/` of an image, merged into one tree of links.

Every conflict is found before a byte is written.
"""

import posixpath
from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.links import MAX_LINKS
from lading.image.root.account_files import ACCOUNT_FILES
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR, StorePath

#: Files that runtimes open or mount over without following an absolute link out of `/etc`, so that
#: a link into the store would make them fail (containerd#12683, #13382). They are copied, with
#: these modes.
COPIED_FILES: Mapping[str, int] = {
    **ACCOUNT_FILES,
    "etc/hostname": 0o644,
    "etc/hosts": 0o644,
    "etc/resolv.conf": 0o644,
}

#: Never a link, even if only one package has it: containerd does not follow a link at `/etc` out of
#: the directory that the image is unpacked in (containerd#13382).
_REAL_DIRECTORY = "etc"

_STORE = STORE_DIR.lstrip("/")


@dataclass(frozen=True)
class Content:
    """A package whose tree is shown at `/`."""

    path: StorePath
    members: Tuple[Entry, ...]


def merge_contents(
    contents: Sequence[Content], is_directory: Callable[[str], bool] = lambda path: False
) -> Dict[str, Entry]:
    """The entries by path; the data of files is not filled in.

    `is_directory` says whether the base has a directory at a path. If a package has a link to a
    directory there, the content of the link's target is put into the base's directory.

    Every directory is a real one, so that mounts and commands can add to it (nixpkgs#56209);
    everything else is a link into the store. If packages have the same file, the first one in
    `contents` is linked; if their files differ, a LadingError names both.
    """
    entries: Dict[str, Entry] = {}
    if contents:
        _Merge(entries, is_directory).add(
            "", [_Node(_Package(content), "") for content in contents]
        )
    return entries


class _Package:
    """A content's members by path and by parent."""

    def __init__(self, content: Content) -> None:
        self.path = content.path
        self.members = {member.path: member for member in content.members}
        self.children: Dict[str, List[str]] = {}
        for member in content.members:
            if member.path:
                self.children.setdefault(posixpath.dirname(member.path), []).append(member.path)
        if self.members[""].kind != Kind.DIRECTORY:
            raise LadingError(
                f"`contents` has {self.path}, which is a {self.members[''].kind.value} and not a "
                "directory, so nothing of it can lie at `/`. Refer to it in `cmd`, `entrypoint` "
                "or `env` instead."
            )

    def resolve(self, path: str) -> Optional[Entry]:
        """The member behind `path`; None if a link leaves the package or leads nowhere."""
        root = str(self.path)
        for _ in range(MAX_LINKS):
            link = self._first_link(path)
            if link is None:
                return self.members.get(path)
            rest = path[len(link.path) :]
            target = posixpath.join(root, posixpath.dirname(link.path), link.target) + rest
            target = posixpath.normpath(target)
            if target != root and not target.startswith(root + "/"):
                return None
            path = target[len(root) + 1 :]
        return None

    def _first_link(self, path: str) -> Optional[Entry]:
        """The shortest prefix of `path`, or `path` itself, that is a link."""
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            member = self.members.get("/".join(parts[:length]))
            if member is not None and member.kind == Kind.SYMLINK:
                return member
        return None


@dataclass(frozen=True)
class _Node:
    """What one package has at some path of the root: its member at `path`."""

    package: _Package
    path: str

    @property
    def member(self) -> Entry:
        return self.package.members[self.path]

    @property
    def resolved(self) -> Optional[Entry]:
        return self.package.resolve(self.path)

    @property
    def is_directory(self) -> bool:
        resolved = self.resolved
        return resolved is not None and resolved.kind == Kind.DIRECTORY

    @property
    def store_path(self) -> str:
        return f"{self.package.path}/{self.path}"

    def children(self) -> Dict[str, "_Node"]:
        resolved = self.resolved
        paths = self.package.children.get(resolved.path, []) if resolved else []
        return {posixpath.basename(path): _Node(self.package, path) for path in paths}

    def same_as(self, other: "_Node") -> bool:
        """Whether a program sees the same file in both."""
        mine, theirs = self.resolved, other.resolved
        if mine is not None and theirs is not None:
            return (mine.sha256, mine.mode) == (theirs.sha256, theirs.mode)
        return mine is theirs and self._outside_target() == other._outside_target()

    def _outside_target(self) -> str:
        parent = posixpath.dirname(self.store_path)
        return posixpath.normpath(posixpath.join(parent, self.member.target))


class _Merge:
    """Puts the trees of several packages over each other."""

    def __init__(self, entries: Dict[str, Entry], is_directory: Callable[[str], bool]) -> None:
        self._entries = entries
        self._is_directory = is_directory

    def add(self, path: str, nodes: Sequence[_Node]) -> None:
        """Add the content of `path` in the root; at least one package has something there."""
        if path == _STORE:
            raise LadingError(
                f"`contents` has {nodes[0].package.path}, whose `{_STORE}` would hide the image's "
                f"own {STORE_DIR}. Rename it in the package's `script`."
            )
        is_directory = (
            path == _REAL_DIRECTORY
            or self._is_directory(path)
            or any(node.member.kind == Kind.DIRECTORY for node in nodes)
        )
        if is_directory and any(node.is_directory for node in nodes):
            self._add_directory(path, nodes)
        elif len(nodes) > 1 and any(node.is_directory for node in nodes):
            self._add_common_link(path, nodes)
        else:
            self._add_leaf(path, nodes)

    def _add_directory(self, path: str, nodes: Sequence[_Node]) -> None:
        """A link to a directory is merged with the target's content: A has sbin -> bin, B has sbin/
        (nixpkgs#102962)."""
        for node in nodes:
            if not node.is_directory:
                directory = next(other for other in nodes if other.is_directory)
                how = "a directory in the one and not in the other"
                raise _conflict(path, directory, node, how)
        if path:
            self._entries[path] = Entry.directory(path)
        children: Dict[str, List[_Node]] = {}
        for node in nodes:
            for name, child in node.children().items():
                children.setdefault(name, []).append(child)
        for name, same_name in children.items():
            self.add(f"{path}/{name}" if path else name, same_name)

    def _add_common_link(self, path: str, nodes: Sequence[_Node]) -> None:
        """Several packages have the same link to a directory, which leads to their union."""
        first = nodes[0]
        for other in nodes[1:]:
            if first.member != other.member or posixpath.isabs(first.member.target):
                raise _conflict(path, first, other, "links to different directories")
        self._entries[path] = Entry.symlink(path, first.member.target)

    def _add_leaf(self, path: str, nodes: Sequence[_Node]) -> None:
        first = nodes[0]
        for other in nodes[1:]:
            if not first.same_as(other):
                raise _conflict(path, first, other, "different in both")
        resolved = first.resolved
        if path in COPIED_FILES and resolved is not None and resolved.kind == Kind.FILE:
            original = resolved.hardlink or resolved.path
            self._entries[path] = Entry(
                path,
                Kind.FILE,
                COPIED_FILES[path],
                source=f"{first.package.path}/{original}".lstrip("/"),
            )
        else:
            self._entries[path] = Entry.symlink(path, first.store_path)


def _conflict(path: str, first: _Node, second: _Node, how: str) -> LadingError:
    return LadingError(
        f"`contents` has '/{path}' twice, {how}: {first.store_path} and {second.store_path}. "
        "Leave one package out of `contents`, or remove the file in its `script`."
    )
