"""What `layer_main` makes a layer of."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from lading.image.layer_writer import PackageFiles
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
        return PackageFiles(self.path, Path(self.segment), Path(self.compressed))


@dataclass(frozen=True)
class LayerRequest:
    """`contents` are packages whose trees are shown at `/`; they are among `packages`.

    `fields` is what `RootFields.parse` takes, with store paths filled in and with each `source` of
    `files` as a path below the sandbox.
    """

    packages: Tuple[LayerPackage, ...]
    contents: Tuple[StorePath, ...]
    fields: Mapping[str, Any]
    created_by: str

    def to_json(self) -> str:
        fields = {
            "packages": [
                {
                    "path": str(package.path),
                    "segment": package.segment,
                    "compressed": package.compressed,
                    "members": package.members,
                }
                for package in self.packages
            ],
            "contents": [str(path) for path in self.contents],
            "fields": self.fields,
            "created_by": self.created_by,
        }
        # Pants' frozen dictionaries are mappings that json does not know.
        return json.dumps(fields, sort_keys=True, indent=2, default=dict) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "LayerRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            packages=tuple(
                LayerPackage(
                    path=StorePath.parse(package["path"]),
                    segment=package["segment"],
                    compressed=package["compressed"],
                    members=package["members"],
                )
                for package in fields["packages"]
            ),
            contents=tuple(StorePath.parse(path) for path in fields["contents"]),
            fields=fields["fields"],
            created_by=fields["created_by"],
        )
