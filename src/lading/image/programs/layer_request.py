"""What `layer_main` and `packages_layer_main` make layers of."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from lading.image.layers.layer_writer import PackageFiles
from lading.image.layers.package_layer import PackageLayer
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
        layer = PackageLayer.read(Path(self.description))
        return PackageFiles(self.path, layer.segment_files(Path(self.segment), Path(self.blob)))

    def to_dict(self) -> Dict[str, str]:
        return {**asdict(self), "path": str(self.path)}

    @classmethod
    def from_dict(cls, fields: Dict[str, str]) -> "LayerPackage":
        return cls(
            path=StorePath.parse(fields["path"]),
            segment=fields["segment"],
            blob=fields["blob"],
            description=fields["description"],
        )


@dataclass(frozen=True)
class ContentPackage:
    """A package whose tree is shown at `/`. Files are paths below the sandbox."""

    path: StorePath
    segment: str
    members: str

    def to_dict(self) -> Dict[str, str]:
        return {**asdict(self), "path": str(self.path)}

    @classmethod
    def from_dict(cls, fields: Dict[str, str]) -> "ContentPackage":
        return cls(StorePath.parse(fields["path"]), fields["segment"], fields["members"])


@dataclass(frozen=True)
class PackagesLayerRequest:
    """A layer of these and nothing else."""

    packages: Tuple[LayerPackage, ...]
    created_by: str

    def to_json(self) -> str:
        fields = {
            "packages": [package.to_dict() for package in self.packages],
            "created_by": self.created_by,
        }
        return json.dumps(fields, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "PackagesLayerRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            packages=tuple(LayerPackage.from_dict(package) for package in fields["packages"]),
            created_by=fields["created_by"],
        )


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

    def to_json(self) -> str:
        fields = {
            "packages": [package.to_dict() for package in self.packages],
            "contents": [package.to_dict() for package in self.contents],
            "fields": self.fields,
            "base_tree": self.base_tree,
            "created_by": self.created_by,
        }
        # Pants' frozen dictionaries are mappings that json does not know.
        return json.dumps(fields, sort_keys=True, indent=2, default=dict) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "LayerRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            packages=tuple(LayerPackage.from_dict(package) for package in fields["packages"]),
            contents=tuple(ContentPackage.from_dict(package) for package in fields["contents"]),
            fields=fields["fields"],
            base_tree=fields["base_tree"],
            created_by=fields["created_by"],
        )
