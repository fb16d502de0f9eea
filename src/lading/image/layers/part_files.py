"""Where the files of a part of a layer are."""

from dataclasses import dataclass
from pathlib import Path

from lading.image.layers.layer_writer import SegmentFiles
from lading.image.layers.tree_parts import TreePart
from lading.tar.tree_member import members_from_json


@dataclass(frozen=True)
class PartFiles:
    """`segment`, `compressed` and `members` are paths below the sandbox; `name` is what errors
    call the part."""

    name: str
    segment: str
    compressed: str
    members: str

    def read(self) -> TreePart:
        return TreePart(
            self.name,
            SegmentFiles(Path(self.segment), Path(self.compressed)),
            members_from_json(Path(self.members).read_text(encoding="ascii")),
        )
