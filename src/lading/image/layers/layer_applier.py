"""What a layer does to the tree of the layers below it.

OCI image-spec, layer.md, "Applying Changesets"; where that is silent, as docker, containerd and
podman do (docs/base-images.md has a table).
"""

import posixpath
from typing import Dict, FrozenSet, Generic, Iterable, Optional, Protocol, Set, TypeVar

from lading.files.bounds import TreeBound
from lading.files.kind import Kind
from lading.files.layer_error import LayerError
from lading.files.links import follow
from lading.files.whiteouts import hidden, is_opaque
from lading.tar.member_path import check_length
from lading.tar.tar_header import TarMember
from lading.values.foreign_text import shown

# AUFS kept its own files there, and docker passes them over.
_AUFS = ".wh..wh."

#: What a tree makes a file of.
Content = TypeVar("Content")
_Content = TypeVar("_Content", contravariant=True)


class FileTree(Protocol[_Content]):
    """A tree that is changed. Paths have no leading slash, and no links among their parents; ""
    is the root. OSError where the tree can't be changed so."""

    def link_target(self, path: str) -> Optional[str]:
        """None for what is no symlink."""

    def is_directory(self, path: str) -> bool:
        """False also for links to one."""

    def has(self, path: str) -> bool:
        """Whether anything is there, a link that leads nowhere included."""

    def names(self, directory: str) -> Iterable[str]:
        """What lies in it."""

    def remove(self, path: str) -> None:
        """With all that is in it. The path is there."""

    def make_directory(self, path: str) -> None:
        """The parent is there, and nothing at the path."""

    def describe_directory(self, path: str, member: TarMember) -> None:
        """Give it the owner and mode of `member`."""

    def make(self, path: str, member: TarMember, content: _Content) -> None:
        """A file, symlink, pipe or device. The parent is there, and nothing at the path."""

    def link(self, source: str, path: str) -> None:
        """A hard link. The parent is there, and nothing at the path; the source is no directory."""


class LayerApplier(Generic[Content]):
    """Applies one layer's members, in their order; then `finish` it.

    docker, containerd and podman unpack each layer by itself and lay it over the lower ones
    (overlayfs), so here too a layer follows its own links only: where a lower one has a link, or a
    file, a directory takes its place. Members at and below the paths in `skipped` are left out.
    """

    def __init__(
        self, tree: FileTree[Content], bound: TreeBound, skipped: FrozenSet[str] = frozenset()
    ) -> None:
        self._tree = tree
        self._bound = bound
        self._skipped = skipped
        # The places that this layer's own members have, those that it deletes in lower layers, and
        # those below which it hides everything of theirs.
        self._own: Set[str] = set()
        self._deleted: Set[str] = set()
        self._emptied: Set[str] = set()
        # Where directories lie, by the paths that members have for them.
        self._directories: Dict[str, str] = {"": ""}

    def add(self, member: TarMember, content: Content) -> None:
        """LayerError for what no runtime could do; OSError from the tree."""
        path = member.path
        if not path or self._is_skipped(path):
            return
        directory = self._directory(posixpath.dirname(path), path)
        deleted = hidden(path)
        if is_opaque(path):
            if directory:  # overlayfs always merges the root
                self._hide_below(directory)
        elif deleted is not None:
            self._delete(path, directory, posixpath.basename(deleted))
        else:
            place = posixpath.join(directory, posixpath.basename(path))
            check_length(place)
            self._put(place, member, content)
            self._note(place)

    def finish(self) -> None:
        """Delete what the layer deletes. Not before, as a directory behind a whiteout undoes it in
        overlayfs."""
        for place in sorted(self._deleted):
            if self._tree.has(place):
                self._tree.remove(place)

    def _is_skipped(self, path: str) -> bool:
        if not self._skipped and _AUFS not in path:
            return False
        parts = path.split("/")
        if any(part.startswith(_AUFS) for part in parts) and not is_opaque(path):
            return True
        return any("/".join(parts[: length + 1]) in self._skipped for length in range(len(parts)))

    def _directory(self, path: str, member: str) -> str:
        """Where the directory `path` lies, which is made for `member` where the layer has none."""
        if path in self._directories:
            return self._directories[path]
        place = posixpath.join(
            self._directory(posixpath.dirname(path), member), posixpath.basename(path)
        )
        if self._link_target(place) is not None:
            target = follow(f"{place}/.", self._link_target)
            if target is None or (target and target not in self._own):
                raise _unusable(member, f"/{shown(place)} is a link to nothing in its layer")
            place = target
        if place in self._deleted or place in self._own and not self._tree.is_directory(place):
            raise _unusable(member, f"/{shown(place)} is not a directory in its layer")
        check_length(place)
        if place and not self._tree.is_directory(place):
            self._clear(place)
            self._tree.make_directory(place)
        self._note(place)
        self._directories[path] = place
        return place

    def _link_target(self, place: str) -> Optional[str]:
        return self._tree.link_target(place) if place in self._own else None

    def _delete(self, path: str, directory: str, name: str) -> None:
        if name in ("", ".", ".."):
            raise LayerError(
                f"has /{shown(path)}, a whiteout that names no file. Choose another base."
            )
        place = posixpath.join(directory, name)
        if place in self._own or place in self._deleted:
            raise _unusable(path, f"the layer has /{shown(place)} in front of it")
        self._deleted.add(place)

    def _hide_below(self, directory: str) -> None:
        if directory in self._emptied:
            return
        self._emptied.add(directory)
        if self._tree.is_directory(directory):
            for name in list(self._tree.names(directory)):
                place = posixpath.join(directory, name)
                if place in self._own:
                    self._hide_below(place)
                else:
                    self._tree.remove(place)

    def _note(self, place: str) -> None:
        if place and place not in self._own:
            self._own.add(place)
            self._bound.take(place)

    def _put(self, place: str, member: TarMember, content: Content) -> None:
        tree = self._tree
        self._deleted.discard(place)
        if member.type == Kind.DIRECTORY:
            if not tree.is_directory(place):
                self._clear(place)
                tree.make_directory(place)
            tree.describe_directory(place, member)
        elif member.type == Kind.HARDLINK:
            source = self._source(member, place)
            self._clear(place)
            tree.link(source, place)
        else:
            self._clear(place)
            tree.make(place, member, content)

    def _source(self, member: TarMember, place: str) -> str:
        """Of a hard link. Runtimes see nothing of lower layers while they unpack one."""
        source = follow(member.target, self._link_target)
        if source is None or source not in self._own or not self._tree.has(source):
            raise _unusable(
                member.path,
                f"it is a hard link to /{shown(member.target)}, which does not come before it in "
                "the layer",
            )
        if source == place:
            raise _unusable(member.path, "it is a hard link to itself")
        if self._tree.is_directory(source) or source.startswith(place + "/"):
            raise _unusable(member.path, f"it can't be a hard link to /{shown(member.target)}")
        return source

    def _clear(self, place: str) -> None:
        if place in self._own:
            self._directories = {"": ""}  # some may have lain there
        if self._tree.has(place):
            self._tree.remove(place)


def _unusable(path: str, why: str) -> LayerError:
    return LayerError(
        f"has /{shown(path)}, which can't be unpacked: {why}. Fix the image where it is built, or "
        "choose another one."
    )
