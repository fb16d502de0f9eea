"""The files of a part of a layer: its segment, the compressed segment, and the list of its
members."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Sequence

from lading.compression.layer_compression import open_compressor
from lading.files.entry import Members
from lading.image.layers.layer_writer import SegmentFiles
from lading.image.layers.tree_parts import TreePart
from lading.runtime.whole_file import whole_file, write_whole
from lading.tar.tree_segment import TreeFile, write_tree_segment
from lading.values.json_codec import read_json, to_json


@dataclass(frozen=True)
class PartFiles:
    """`segment`, `compressed` and `members` are paths below the sandbox; errors call the part
    `name`."""

    name: str
    segment: str
    compressed: str
    members: str

    def read(self) -> TreePart:
        return TreePart(
            self.name,
            SegmentFiles(Path(self.segment), Path(self.compressed)),
            read_json(Members, Path(self.members)).members,
        )


def write_part(files: Iterable[TreeFile], library: str, outputs: Sequence[str]) -> None:
    """Write the part that consists of `files`. `library` is passed to `open_compressor`. `outputs`
    are the paths of the segment, of its compressed form, and of the JSON of its members.

    Each output is written completely or not at all. Raises LadingError if a path occurs twice.
    """
    segment, compressed, members_file = map(Path, outputs)
    with whole_file(segment) as tar:
        members = write_tree_segment(files, tar)
    with open_compressor(library) as compressor:
        compressor.compress_file(segment, compressed)
    write_whole(members_file, to_json(Members(members)))
