"""The request of `layer_main`: a layer of Debian packages."""

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
    """`packages` are those of the layer. `below` are those that Lading has put into the images
    below; no segments are needed for these. `kept` are the versions, by name, of packages that
    would be in the layer if the base did not have them. `parts` are other parts of the layer.

    `alternatives` is the image's field. `base_tree` is the path of the JSON of the `ImageTree`
    below this layer, or "". An example of `triplet` is x86_64-linux-gnu, of `suite` bookworm.
    """

    packages: Tuple[DebianPart, ...]
    below: Tuple[DebianPart, ...]
    kept: Mapping[str, str]
    parts: Tuple[PartFiles, ...]
    alternatives: Mapping[str, str]
    base_tree: str
    triplet: str
    suite: str
