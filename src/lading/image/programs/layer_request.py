"""What `layer_main` and `packages_layer_main` make layers of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Tuple

from lading.image.config.layer import Layer
from lading.image.layers.layer_writer import PackageFiles, SegmentFiles
from lading.values.path import StorePath


@dataclass(frozen=True)
class LayerPackage:
    """A package that a layer has. Files are paths below the sandbox: the segment, and what
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
    """A layer of these and nothing else."""

    packages: Tuple[LayerPackage, ...]
    created_by: str


@dataclass(frozen=True)
class LayerRequest:
    """`contents` are packages whose trees are shown at `/`; they are among `packages`, which the
    layer has, or in a layer below.

    `fields` is what `RootFields.parse` takes, with store paths filled in and with each `source` of
    `files` as a path below the sandbox. `base_tree` is the path of the JSON of the `ImageTree` that
    the layer is put on, or "".
    """

    packages: Tuple[LayerPackage, ...]
    contents: Tuple[ContentPackage, ...]
    fields: Mapping[str, Any]
    base_tree: str
    created_by: str
