"""What `layer_main` makes a layer of."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from lading.image.layer_writer import PackageFiles, SegmentFiles
from lading.store.path import StorePath


@dataclass(frozen=True)
class LayerPackage:
    """A package with its files, as paths below the sandbox."""

    path: StorePath
    segment: str
    compressed: str
    members: str

    @property
    def files(self) -> PackageFiles:
        files = SegmentFiles(Path(self.segment), Path(self.compressed))
        return PackageFiles(self.path, files)

    def to_dict(self) -> Dict[str, str]:
        return {
            "path": str(self.path),
            "segment": self.segment,
            "compressed": self.compressed,
            "members": self.members,
        }

    @classmethod
    def from_dict(cls, fields: Dict[str, str]) -> "LayerPackage":
        return cls(
            path=StorePath.parse(fields["path"]),
            segment=fields["segment"],
            compressed=fields["compressed"],
            members=fields["members"],
        )


@dataclass(frozen=True)
class LayerRequest:
    """`contents` are packages whose trees are shown at `/`; they are among `packages`, which the
    layer has, or in the base.

    `fields` is what `RootFields.parse` takes, with store paths filled in and with each `source` of
    `files` as a path below the sandbox. `base_tree` is the path of the JSON of the `ImageTree` that
    the layer is put on, or "".
    """

    packages: Tuple[LayerPackage, ...]
    contents: Tuple[LayerPackage, ...]
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
            contents=tuple(LayerPackage.from_dict(package) for package in fields["contents"]),
            fields=fields["fields"],
            base_tree=fields["base_tree"],
            created_by=fields["created_by"],
        )
