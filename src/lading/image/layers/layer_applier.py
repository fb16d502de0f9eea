"""What a layer does to the tree of the layers below it.

Implements OCI image-spec, layer.md, "Applying Changesets". Where that is silent, it does what
docker, containerd and podman do (docs/base-images.md has a table).
"""

import posixpath
from typing import Dict, FrozenSet, Generic, Iterable, Optional, Protocol, Set, TypeVar

from lading.files.bounds import TreeBound
from lading.files.entry import Entry
from lading.files.layer_error import LayerError
from lading.files.links import follow
from lading.files.whiteouts import hidden, is_opaque
from lading.tar.member_path import check_length
from lading.values.foreign_text import shown

# AUFS kept its own files under this prefix; docker ignores them.
_AUFS = ".wh..wh."

#: What a tree makes files from.
Content = TypeVar("Content")
_Content = TypeVar("_Content", contravariant=True)


class FileTree(Protocol[_Content]):
    """A tree that can be changed. Paths have no leading slash, and no links among their parents; ""
    is the root. Methods raise OSError if the tree can't be changed that way."""

    def link_target(self, path: str) -> Optional[str]:
        """None for anything but a symlink."""

    def is_directory(self, path: str) -> bool:
        """False for a link to a directory, too."""

    def has(self, path: str) -> bool:
        """Whether anything exists there, including a link that leads nowhere."""

    def names(self, directory: str) -> Iterable[str]:
        """The names in the directory."""

    def remove(self, path: str) -> None:
        """Remove the path, which exists, and everything in it."""

    def make_directory(self, path: str) -> None:
        """The parent exists; the path does not."""

    def describe_directory(self, path: str, member: Entry) -> None:
        """Give the directory the owner and mode of `member`."""

    def make(self, path: str, member: Entry, content: _Content) -> None:
        """Create a file, symlink, pipe or device. The parent exists; the path does not."""

    def link(self, source: str, path: str) -> None:
        """Create a hard link. The parent exists, the path does not, and the source is not a
        directory."""


class LayerApplier(Generic[Content]):
    """Applies one layer's members in order; call `finish` at the end.

    docker, containerd and podman unpack each layer on its own and lay it over the lower ones
    (overlayfs). So here, too, a layer follows only its own links: a directory replaces a link or
    file of a lower layer. Members at and below the paths in `skipped` are left out.
    """

    def __init__(
        self, tree: FileTree[Content], bound: TreeBound, skipped: FrozenSet[str] = frozenset()
    ) -> None:
        self._tree = tree
        self._bound = bound
        self._skipped = skipped
        # The places of this layer's own members, those that it deletes from lower layers, and those
        # below which it hides everything in lower layers.
        self._own: Set[str] = set()
        self._deleted: Set[str] = set()
        self._emptied: Set[str] = set()
        # The real location of each directory, by the path that members use for it.
        self._directories: Dict[str, str] = {"": ""}

    def add(self, member: Entry, content: Content) -> None:
        """Raises LayerError for a member that no runtime could unpack; OSError comes from the
        tree."""
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
        """Delete what the layer deletes. This comes last because a directory that follows its own
        whiteout undoes it in overlayfs."""
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
        """The real location of the directory `path`. It is created for `member` if the layer lacks
        it."""
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

    def _put(self, place: str, member: Entry, content: Content) -> None:
        tree = self._tree
        self._deleted.discard(place)
        if member.hardlink:
            source = self._source(member, place)
            self._clear(place)
            tree.link(source, place)
        elif member.is_directory:
            if not tree.is_directory(place):
                self._clear(place)
                tree.make_directory(place)
            tree.describe_directory(place, member)
        else:
            self._clear(place)
            tree.make(place, member, content)

    def _source(self, member: Entry, place: str) -> str:
        """The source of a hard link. Runtimes can't see lower layers while they unpack a layer."""
        source = follow(member.hardlink, self._link_target)
        if source is None or source not in self._own or not self._tree.has(source):
            raise _unusable(
                member.path,
                f"it is a hard link to /{shown(member.hardlink)}, which does not come before it in "
                "the layer",
            )
        if source == place:
            raise _unusable(member.path, "it is a hard link to itself")
        if self._tree.is_directory(source) or source.startswith(place + "/"):
            raise _unusable(member.path, f"it can't be a hard link to /{shown(member.hardlink)}")
        return source

    def _clear(self, place: str) -> None:
        if place in self._own:
            self._directories = {"": ""}  # some may have been inside
        if self._tree.has(place):
            self._tree.remove(place)


def _unusable(path: str, why: str) -> LayerError:
    return LayerError(
        f"has /{shown(path)}, which can't be unpacked: {why}. Fix the image where it is built, or "
        "choose another one."
    )
