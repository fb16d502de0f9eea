"""What lies at `/` of an image: links to its contents, and directories with their modes.

The whole tree is planned, and every conflict found, before a byte is written.
"""

import posixpath
import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from lading.errors import LadingError
from lading.image.container_path import parse_container_path
from lading.store import members as kinds
from lading.store.members import Member
from lading.store.path import STORE_DIR, StorePath

#: Directories that programs take for granted. They are there unless an image says otherwise.
DEFAULT_DIRECTORIES: Mapping[str, str] = {"/tmp": "1777", "/var/tmp": "1777"}

#: In `directories`, instead of a mode: do not make this one of the defaults.
NO_DIRECTORY = "none"

#: Files that runtimes open or mount over without following an absolute link out of `/etc`, so
#: that a link into the store makes them fail (containerd#12683, #13382): they are copied.
#: With the mode that the copy has.
COPIED_FILES: Mapping[str, int] = {
    "etc/group": 0o644,
    "etc/gshadow": 0o640,
    "etc/hostname": 0o644,
    "etc/hosts": 0o644,
    "etc/passwd": 0o644,
    "etc/resolv.conf": 0o644,
    "etc/shadow": 0o640,
}

_PARENT_MODE = 0o755

#: As many as the kernel follows (path_resolution(7)).
_MAX_LINKS = 40

_STORE = STORE_DIR.lstrip("/")
_MODE = re.compile(r"(?P<mode>[0-7]{3,4})(?: (?P<uid>[0-9]{1,10}):(?P<gid>[0-9]{1,10}))?")


@dataclass(frozen=True)
class DirectorySpec:
    """Mode and numeric owner of a directory in an image."""

    mode: int
    uid: int = 0
    gid: int = 0

    @classmethod
    def parse(cls, path: str, text: str) -> "DirectorySpec":
        """From `"0755"` or `"0750 999:999"`."""
        match = _MODE.fullmatch(text)
        if match is None:
            raise LadingError(
                f"`directories` gives {path!r} the mode {text!r}. Write octal digits, with a "
                f'numeric owner behind them if you like: "0755", "1777", "0750 999:999"; or '
                f'"{NO_DIRECTORY}" to leave out a default directory.'
            )
        return cls(int(match["mode"], 8), int(match["uid"] or 0), int(match["gid"] or 0))


def parse_directories(directories: Mapping[str, str]) -> Dict[str, DirectorySpec]:
    """The directories to make, by absolute path: the defaults and what an image adds or changes."""
    for path in directories:
        parse_container_path("directories", path)
        if path == "/" or (path + "/").startswith(STORE_DIR + "/"):
            raise LadingError(
                f"`directories` has {path!r}, whose mode is fixed. Choose another directory."
            )
    wanted = {**DEFAULT_DIRECTORIES, **directories}
    return {
        path: DirectorySpec.parse(path, mode)
        for path, mode in sorted(wanted.items())
        if mode != NO_DIRECTORY
    }


@dataclass(frozen=True)
class Content:
    """A package whose tree is shown at `/`."""

    path: StorePath
    members: Tuple[Member, ...]


@dataclass(frozen=True)
class RootEntry:
    """One member of the root tree. `path` has no leading slash.

    `target` is a symlink's text. A file is copied from the member `source` (path in the archive
    of segments, such as `store/<base>/etc/passwd`) of `size` bytes.
    """

    path: str
    type: str
    mode: int
    uid: int = 0
    gid: int = 0
    target: str = ""
    source: str = ""
    size: int = 0


def plan_root_tree(
    contents: Sequence[Content], directories: Mapping[str, DirectorySpec]
) -> Tuple[RootEntry, ...]:
    """The entries, parents before children, without those below `store`.

    Every directory is a real one, so that mounts and commands can add to it (nixpkgs#56209);
    everything else is a link into the store. Where packages offer the same file the first one in
    `contents` is linked; where they differ a LadingError names both.
    """
    entries: Dict[str, RootEntry] = {
        _STORE: RootEntry(_STORE, kinds.DIRECTORY, _PARENT_MODE),
    }
    if contents:
        _Merge(entries).add("", [_Node(_Package(content), "") for content in contents])
    for path, spec in directories.items():
        _add_directory(entries, path.lstrip("/"), spec)
    return tuple(sorted(entries.values(), key=lambda entry: entry.path.split("/")))


class _Package:
    """A content's members by path and by parent."""

    def __init__(self, content: Content) -> None:
        self.path = content.path
        self.members = {member.path: member for member in content.members}
        self.children: Dict[str, List[str]] = {}
        for member in content.members:
            if member.path:
                self.children.setdefault(posixpath.dirname(member.path), []).append(member.path)
        if self.members[""].type != kinds.DIRECTORY:
            raise LadingError(
                f"`contents` has {self.path}, which is a {self.members[''].type} and not a "
                "directory, so nothing of it can lie at `/`. Refer to it in `cmd`, `entrypoint` "
                "or `env` instead."
            )

    def resolve(self, path: str) -> Optional[Member]:
        """The member behind `path`; None where a link leaves the package or leads nowhere."""
        root = str(self.path)
        for _ in range(_MAX_LINKS):
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

    def _first_link(self, path: str) -> Optional[Member]:
        """The shortest prefix of `path` that is a link, `path` included."""
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            member = self.members.get("/".join(parts[:length]))
            if member is not None and member.type == kinds.SYMLINK:
                return member
        return None


@dataclass(frozen=True)
class _Node:
    """What one package offers at some path of the root: its member at `path`."""

    package: _Package
    path: str

    @property
    def member(self) -> Member:
        return self.package.members[self.path]

    @property
    def resolved(self) -> Optional[Member]:
        return self.package.resolve(self.path)

    @property
    def is_directory(self) -> bool:
        resolved = self.resolved
        return resolved is not None and resolved.type == kinds.DIRECTORY

    @property
    def store_path(self) -> str:
        return f"{self.package.path}/{self.path}"

    def children(self) -> Dict[str, "_Node"]:
        resolved = self.resolved
        paths = self.package.children.get(resolved.path, []) if resolved else []
        return {posixpath.basename(path): _Node(self.package, path) for path in paths}

    def same_as(self, other: "_Node") -> bool:
        """Whether a program sees the same file behind both."""
        mine, theirs = self.resolved, other.resolved
        if mine is not None and theirs is not None:
            return (mine.sha256, mine.mode) == (theirs.sha256, theirs.mode)
        return mine is theirs and self._outside_target() == other._outside_target()

    def _outside_target(self) -> str:
        parent = posixpath.dirname(self.store_path)
        return posixpath.normpath(posixpath.join(parent, self.member.target))


class _Merge:
    """Puts the trees of several packages over each other."""

    def __init__(self, entries: Dict[str, RootEntry]) -> None:
        self._entries = entries

    def add(self, path: str, nodes: Sequence[_Node]) -> None:
        """Add what lies at `path` of the root, where at least one package offers something."""
        if path == _STORE:
            raise LadingError(
                f"`contents` has {nodes[0].package.path}, whose `{_STORE}` would hide the image's "
                f"own {STORE_DIR}. Rename it in the package's `script`."
            )
        if any(node.member.type == kinds.DIRECTORY for node in nodes):
            self._add_directory(path, nodes)
        elif len(nodes) > 1 and any(node.is_directory for node in nodes):
            self._add_common_link(path, nodes)
        else:
            self._add_leaf(path, nodes)

    def _add_directory(self, path: str, nodes: Sequence[_Node]) -> None:
        """A link to a directory joins in with what is behind it: A has sbin -> bin, B has sbin/
        (nixpkgs#102962)."""
        for node in nodes:
            if not node.is_directory:
                directory = next(other for other in nodes if other.is_directory)
                how = "a directory in the one and not in the other"
                raise _conflict(path, directory, node, how)
        if path:
            self._entries[path] = RootEntry(path, kinds.DIRECTORY, _PARENT_MODE)
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
        target = first.member.target
        self._entries[path] = RootEntry(path, kinds.SYMLINK, kinds.LINK_MODE, target=target)

    def _add_leaf(self, path: str, nodes: Sequence[_Node]) -> None:
        first = nodes[0]
        for other in nodes[1:]:
            if not first.same_as(other):
                raise _conflict(path, first, other, "different in both")
        resolved = first.resolved
        if path in COPIED_FILES and resolved is not None and resolved.type == kinds.FILE:
            original = resolved.hardlink or resolved.path
            self._entries[path] = RootEntry(
                path,
                kinds.FILE,
                COPIED_FILES[path],
                source=f"{first.package.path}/{original}".lstrip("/"),
                size=resolved.size,
            )
        else:
            self._entries[path] = RootEntry(
                path, kinds.SYMLINK, kinds.LINK_MODE, target=first.store_path
            )


def _add_directory(entries: Dict[str, RootEntry], path: str, spec: DirectorySpec) -> None:
    """Add a directory of the image's own with its parents; a LadingError where a file lies."""
    parent = posixpath.dirname(path)
    if parent and parent not in entries:
        _add_directory(entries, parent, DirectorySpec(_PARENT_MODE))
    for place in (parent, path):
        entry = entries.get(place)
        if entry is not None and entry.type != kinds.DIRECTORY:
            origin = entry.target or f"/{entry.source}"
            raise LadingError(
                f"`directories` has '/{path}', but '/{place}' comes from {origin} in "
                "`contents` and is no directory. Remove one of them."
            )
    entries[path] = RootEntry(path, kinds.DIRECTORY, spec.mode, spec.uid, spec.gid)


def _conflict(path: str, first: _Node, second: _Node, how: str) -> LadingError:
    return LadingError(
        f"`contents` has '/{path}' twice, {how}: {first.store_path} and {second.store_path}. "
        "Leave one package out of `contents`, or remove the file in its `script`."
    )
