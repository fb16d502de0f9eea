"""Reads an image's files out of its layers, without unpacking these.

Owners and modes are what the layers' tar headers say. The machine's file systems don't count.
"""

import posixpath
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import (
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
)

from lading.checks.image_files import ImageFile
from lading.files.bounds import TreeBound
from lading.files.kind import Kind
from lading.files.layer_error import about_layer
from lading.image.layers.layer_applier import LayerApplier
from lading.image.layers.layer_blobs import LayerBlobs
from lading.tar.layer_archive import LayerArchive
from lading.tar.tar_header import TarMember

_SUBJECT = "a layer of the image"

#: What the root is where no layer says anything of it.
_ROOT = ImageFile(Kind.DIRECTORY, 0o755)


class Place(NamedTuple):
    """A member of the layer with that number, the how manyth of it."""

    layer: int
    member: int


@dataclass(frozen=True)
class _Listed:
    file: ImageFile
    place: Place


class LayeredFiles:
    """A `FileTree` in memory."""

    def __init__(self, layers: LayerBlobs) -> None:
        self._layers = layers
        self._bound = TreeBound()
        self._listed: Dict[str, _Listed] = {"": _Listed(_ROOT, Place(-1, -1))}
        self._names: Dict[str, Set[str]] = {"": set()}
        #: The bytes of all files in all layers, which is what docker calls the image's size.
        self.size = 0
        for number, tar in enumerate(layers.tars()):
            self._apply(number, tar)

    @property
    def files(self) -> Mapping[str, ImageFile]:
        return {path: listed.file for path, listed in self._listed.items()}

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Of regular files, by their keys in `files`."""
        wanted: Dict[int, Dict[int, List[str]]] = defaultdict(lambda: defaultdict(list))
        for path in paths:
            place = self._listed[path].place
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
        applier = LayerApplier(self, self._bound)
        with about_layer(_SUBJECT):
            for member, number, _ in _members(tar):
                self.size += member.size if member.type == Kind.FILE else 0
                applier.add(member, Place(layer, number))
                if not member.path and member.type == Kind.DIRECTORY:
                    self.describe_directory("", member)
            applier.finish()

    # What `LayerApplier` asks for.

    def link_target(self, path: str) -> Optional[str]:
        listed = self._listed.get(path)
        return listed.file.target if listed and listed.file.type == Kind.SYMLINK else None

    def is_directory(self, path: str) -> bool:
        return path in self._names

    def has(self, path: str) -> bool:
        return path in self._listed

    def names(self, directory: str) -> Iterable[str]:
        return self._names[directory]

    def remove(self, path: str) -> None:
        for name in list(self._names.get(path, ())):
            self.remove(posixpath.join(path, name))
        directory, name = posixpath.split(path)
        self._names[directory].remove(name)
        self._names.pop(path, None)
        del self._listed[path]

    def make_directory(self, path: str) -> None:
        self._put(path, _Listed(_ROOT, Place(-1, -1)))
        self._names[path] = set()

    def describe_directory(self, path: str, member: TarMember) -> None:
        self._listed[path] = replace(self._listed[path], file=_file(member))

    def make(self, path: str, member: TarMember, content: Place) -> None:
        self._put(path, _Listed(_file(member), content))

    def link(self, source: str, path: str) -> None:
        self._put(path, self._listed[source])

    def _put(self, path: str, listed: _Listed) -> None:
        directory, name = posixpath.split(path)
        self._names[directory].add(name)
        self._listed[path] = listed


def _members(tar: Iterator[bytes]) -> Iterator[Tuple[TarMember, int, LayerArchive]]:
    archive = LayerArchive(tar)
    number = 0
    while (member := archive.next_member()) is not None:
        yield member, number, archive
        number += 1


def _file(member: TarMember) -> ImageFile:
    # Whatever a header says, Linux has symlinks of one mode only.
    mode = 0o777 if member.type == Kind.SYMLINK else member.mode
    return ImageFile(member.type, mode, member.uid, member.gid, member.target)
