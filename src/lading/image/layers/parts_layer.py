"""Writes a layer of planned parts."""

import tempfile
from pathlib import Path
from typing import Mapping, Sequence

from lading.compression.layer_compressor import LayerCompressor
from lading.image.config.layer import Layer
from lading.image.layers.layer_writer import LayerWriter, SegmentFiles, head_segment
from lading.image.layers.tree_parts import PlannedParts, TreePart
from lading.image.root.image_tree import ImageTree
from lading.runtime.whole_file import whole_file, write_whole
from lading.tar.tree_segment import rewrite_segment
from lading.values.json_codec import to_json


def write_parts_layer(
    plan: PlannedParts,
    parts: Sequence[TreePart],
    compressor: LayerCompressor,
    output: Path,
    created_by: str,
) -> Layer:
    """Write the blob of the layer that `plan` makes of `parts`. Segments from which nothing is left
    out are copied in their compressed form."""
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch, whole_file(output) as file:
        segments = [
            part.files
            if places is None
            else _rewritten(part, places, compressor, Path(scratch) / str(number))
            for number, (part, places) in enumerate(zip(parts, plan.places))
        ]
        return LayerWriter(compressor, file, created_by).write(head_segment(plan.head), segments)


def write_descriptions(layer: Layer, tree: ImageTree, description: Path, tree_file: Path) -> None:
    """Write the two documents beside a layer's blob."""
    write_whole(description, to_json(layer))
    write_whole(tree_file, to_json(tree))


def _rewritten(
    part: TreePart, places: Mapping[str, str], compressor: LayerCompressor, scratch: Path
) -> SegmentFiles:
    files = SegmentFiles(scratch.with_suffix(".tar"), scratch.with_suffix(".compressed"))
    with files.segment.open("wb") as segment:
        rewrite_segment(part.files.segment, places, segment)
    compressor.compress_file(files.segment, files.compressed)
    return files
