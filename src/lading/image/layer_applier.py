"""What a layer does to the tree of the layers below it.

OCI image-spec, layer.md, "Applying Changesets"; where that is silent, as docker and containerd do.
"""

import posixpath
from typing import FrozenSet, Generic, Iterable, Optional, Protocol, Set, Tuple, TypeVar

from lading.foreign_text import shown
from lading.image.layer_archive import DEVICES
from lading.image.layer_error import LayerError
from lading.image.links import follow
from lading.image.member_path import check_length
from lading.image.tree_bound import TreeBound
from lading.image.whiteouts import hidden, is_opaque
from lading.tar_header import DIRECTORY, HARDLINK, TarMember

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
        """A file, symlink or pipe. The parent is there, and nothing at the path."""

    def link(self, source: str, path: str) -> None:
        """A hard link. The parent is there, and nothing at the path; the source is no directory."""


class LayerApplier(Generic[Content]):
    """Applies one layer's members, in their order.

    Members at and below the paths in `skipped` are left out. Whiteouts concern what lower layers
    have, whatever the order in the archive (umoci PR#232).
    """

    def __init__(
        self, tree: FileTree[Content], bound: TreeBound, skipped: FrozenSet[str] = frozenset()
    ) -> None:
        self._tree = tree
        self._bound = bound
        self._skipped = skipped
        # The places that this layer's own members have, and those that it hides all below.
        self._written: Set[str] = set()
        self._emptied: Set[str] = set()
        # The directory of the last member, and where it lies: until something is removed, no link
        # on the way there can change.
        self._last: Optional[Tuple[str, str]] = None

    def add(self, member: TarMember, content: Content) -> None:
        """LayerError for what no runtime could do; OSError from the tree."""
        path = member.path
        if not path or self._is_skipped(path):
            return
        place = self._place(path)
        deleted = hidden(path)
        if deleted is None:
            if place is None:
                raise _unusable(path, "its directory leads nowhere")
            directory = (posixpath.dirname(path), posixpath.dirname(place))
            if directory != self._last:
                self._make_directory(directory[1], path)
                self._last = directory
            self._put(place, member, content)
            self._note(place)
        elif place is not None:
            self._white_out(path, place)

    def _is_skipped(self, path: str) -> bool:
        if not self._skipped and _AUFS not in path:
            return False
        parts = path.split("/")
        if any(part.startswith(_AUFS) for part in parts) and not is_opaque(path):
            return True
        return any("/".join(parts[: length + 1]) in self._skipped for length in range(len(parts)))

    def _place(self, path: str) -> Optional[str]:
        """Where `path` lands; None where its links go in a circle."""
        directory, name = posixpath.split(path)
        if self._last is not None and self._last[0] == directory:
            place: Optional[str] = posixpath.join(self._last[1], name)
        else:
            place = follow(path, self._tree.link_target)
        if place is not None:
            check_length(place)
        return place

    def _white_out(self, path: str, place: str) -> None:
        directory = posixpath.dirname(place)
        if is_opaque(place):
            self._hide_below(directory)
            return
        name = posixpath.basename(hidden(place) or "")
        if name in ("", ".", ".."):
            raise LayerError(
                f"has /{shown(path)}, which deletes nothing that there is: don't use it."
            )
        whited_out = posixpath.join(directory, name)
        if whited_out in self._written:
            raise _unusable(path, f"the layer has /{shown(whited_out)} in front of it")
        self._hide(whited_out)

    def _hide(self, path: str) -> None:
        if path in self._written:
            self._hide_below(path)
        else:
            self._clear(path)

    def _hide_below(self, directory: str) -> None:
        if directory in self._emptied:
            return
        self._emptied.add(directory)
        if self._tree.is_directory(directory):  # else lower layers have deleted it (kaniko#2050)
            for name in list(self._tree.names(directory)):
                self._hide(posixpath.join(directory, name))

    def _make_directory(self, path: str, member: str) -> None:
        """For `member`, which lies in it."""
        if path and not self._tree.is_directory(path):
            if self._tree.has(path):
                raise _unusable(member, f"/{shown(path)} is no directory")
            self._make_directory(posixpath.dirname(path), member)
            self._tree.make_directory(path)

    def _note(self, place: str) -> None:
        """That the layer has it, and so the directories that it lies in."""
        while place and place not in self._written:
            self._written.add(place)
            self._bound.take(place)
            place = posixpath.dirname(place)

    def _put(self, place: str, member: TarMember, content: Content) -> None:
        tree = self._tree
        if member.type == DIRECTORY:
            if not tree.is_directory(place):
                self._clear(place)
                tree.make_directory(place)
            tree.describe_directory(place, member)
        elif member.type == HARDLINK:
            source = self._source(member, place)
            self._clear(place)
            tree.link(source, place)
        else:
            self._clear(place)
            # Only the machine's root may make devices. The runtime brings those in /dev.
            if member.type not in DEVICES:
                tree.make(place, member, content)

    def _source(self, member: TarMember, place: str) -> str:
        source = self._place(member.target)
        # Runtimes unpack each layer into a directory of its own.
        if source is None or source not in self._written or not self._tree.has(source):
            raise _unusable(
                member.path,
                f"it is a hard link to /{shown(member.target)}, which the layer does not have in "
                "front of it",
            )
        if source == place:
            raise _unusable(member.path, "it is a hard link to itself")
        if self._tree.is_directory(source) or source.startswith(place + "/"):
            raise _unusable(member.path, f"it can't be a hard link to /{shown(member.target)}")
        return source

    def _clear(self, place: str) -> None:
        if self._tree.has(place):
            self._last = None
            self._tree.remove(place)


def _unusable(path: str, why: str) -> LayerError:
    return LayerError(
        f"has /{shown(path)}, which can't be unpacked ({why}): repair the layer, or use another "
        "base."
    )
