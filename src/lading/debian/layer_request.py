"""What `layer_main` makes a layer of Debian packages of."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from lading.debian.installed_package import InstalledPackage
from lading.image.layers.part_files import PartFiles


@dataclass(frozen=True)
class DebianPart:
    """A package with its files. `package` is the path of the JSON of its `InstalledPackage`."""

    files: PartFiles
    package: str

    def read_package(self) -> InstalledPackage:
        return InstalledPackage.from_json(Path(self.package).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class DebianLayerRequest:
    """`packages` are those of the layer, `below` those that images below have of ours; of these
    no segments are needed. `kept` are versions by name of packages that would be in the layer, if
    the base did not have them. `parts` are further ones that go into the layer.

    `alternatives` is what the image's field says. `base_tree` is the path of the JSON of the
    `ImageTree` that the layer is put on, or "". `triplet` is such as x86_64-linux-gnu, `suite` such
    as bookworm.
    """

    packages: Tuple[DebianPart, ...]
    below: Tuple[DebianPart, ...]
    kept: Mapping[str, str]
    parts: Tuple[PartFiles, ...]
    alternatives: Mapping[str, str]
    base_tree: str
    triplet: str
    suite: str

    def to_json(self) -> str:
        fields = asdict(self)
        fields["alternatives"] = dict(self.alternatives)
        fields["kept"] = dict(self.kept)
        return json.dumps(fields, sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "DebianLayerRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            packages=tuple(map(_debian_part, fields["packages"])),
            below=tuple(map(_debian_part, fields["below"])),
            kept=fields["kept"],
            parts=tuple(PartFiles(**part) for part in fields["parts"]),
            alternatives=fields["alternatives"],
            base_tree=fields["base_tree"],
            triplet=fields["triplet"],
            suite=fields["suite"],
        )


def _debian_part(fields: Dict[str, Any]) -> DebianPart:
    return DebianPart(PartFiles(**fields["files"]), fields["package"])
