"""The requests of `layer_main` and `packages_layer_main`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Tuple

from lading.image.config.layer import Layer
from lading.image.layers.layer_writer import PackageFiles, SegmentFiles
from lading.values.path import StorePath


@dataclass(frozen=True)
class LayerPackage:
    """A package in the layer. Its files, as paths below the sandbox, are the segment and what
    `compress_main` made of it."""

    path: StorePath
    segment: str
    blob: str
    description: str

    @property
    def files(self) -> PackageFiles:
        part = Layer.read(Path(self.description)).package
        assert part is not None, "compress_main always says it"
        segment = SegmentFiles(Path(self.segment), Path(self.blob), part.offset, part.size)
        return PackageFiles(self.path, segment)


@dataclass(frozen=True)
class ContentPackage:
    """A package whose tree is shown at `/`. Files are paths below the sandbox."""

    path: StorePath
    segment: str
    members: str


@dataclass(frozen=True)
class PackagesLayerRequest:
    """A layer of only these packages."""

    packages: Tuple[LayerPackage, ...]
    created_by: str


@dataclass(frozen=True)
class LayerRequest:
    """`contents` are packages whose trees are shown at `/`. They are among `packages`, which this
    layer contains, or in a layer below.

    `fields` is the argument of `RootFields.parse`, with store paths filled in and with each
    `source` of `files` as a path below the sandbox. `base_tree` is the path of the JSON of the
    `ImageTree` below this layer, or "".
    """

    packages: Tuple[LayerPackage, ...]
    contents: Tuple[ContentPackage, ...]
    fields: Mapping[str, Any]
    base_tree: str
    created_by: str
