"""What `layer_main` makes a layer of Debian packages of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Tuple

from lading.debian.installed_package import InstalledPackage
from lading.image.layers.part_files import PartFiles
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class DebianPart:
    """A package with its files. `package` is the path of the JSON of its `InstalledPackage`."""

    files: PartFiles
    package: str

    def read_package(self) -> InstalledPackage:
        return read_json(InstalledPackage, Path(self.package))


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
