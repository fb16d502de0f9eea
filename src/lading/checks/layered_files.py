"""Reads an image's files from its layers, without unpacking these.

Owners and modes come from the layers' tar headers; the machine's file systems don't matter.
"""

from collections import defaultdict
from typing import (
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Tuple,
)

from lading.files.bounds import TreeBound
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.layer_error import about_layer
from lading.image.layers.layer_applier import LayerApplier
from lading.image.layers.layer_blobs import LayerBlobs
from lading.image.layers.memory_tree import MemoryTree
from lading.tar.layer_archive import LayerArchive

_SUBJECT = "a layer of the image"


class MemberPlace(NamedTuple):
    """Where a file comes from: the index of its layer, and that of its member in there."""

    layer: int
    member: int


class LayeredFiles:
    def __init__(self, layers: LayerBlobs) -> None:
        self._layers = layers
        self._bound = TreeBound()
        self._tree: MemoryTree[MemberPlace] = MemoryTree()
        self._tree.entries[""] = Entry.directory("")  # unless a layer has an entry for it
        #: The bytes of all files in all layers, which docker calls the image's size.
        self.size = 0
        for number, tar in enumerate(layers.tars()):
            self._apply(number, tar)

    @property
    def files(self) -> Mapping[str, Entry]:
        return self._tree.entries

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of regular files, by their keys in `files`."""
        wanted: Dict[int, Dict[int, List[str]]] = defaultdict(lambda: defaultdict(list))
        for path in paths:
            place = self._tree.contents[path]
            wanted[place.layer][place.member].append(path)
        found: Dict[str, bytes] = {}
        for layer, tar in enumerate(self._layers.tars()):
            by_member = wanted.get(layer)
            if not by_member:
                continue
            with about_layer(_SUBJECT):
                for member, number, archive in _members(tar):
                    data = archive.read(member.size) if number in by_member else b""
                    found.update((path, data) for path in by_member.get(number, ()))
                    if number == max(by_member):
                        break
        return found

    def _apply(self, layer: int, tar: Iterator[bytes]) -> None:
        applier = LayerApplier(self._tree, self._bound)
        with about_layer(_SUBJECT):
            for member, number, _ in _members(tar):
                self.size += member.size if member.kind == Kind.FILE else 0
                applier.add(member, MemberPlace(layer, number))
                if not member.path and member.kind == Kind.DIRECTORY:
                    self._tree.describe_directory("", member)
            applier.finish()


def _members(tar: Iterator[bytes]) -> Iterator[Tuple[Entry, int, LayerArchive]]:
    archive = LayerArchive(tar)
    number = 0
    while (member := archive.next_member()) is not None:
        yield member, number, archive
        number += 1
