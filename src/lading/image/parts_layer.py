"""Writes a layer of planned parts."""

import json
import os
import tempfile
from pathlib import Path
from typing import Mapping, Sequence

from lading.image.image_tree import ImageTree
from lading.image.layer import Layer
from lading.image.layer_compressor import LayerCompressor
from lading.image.layer_writer import SegmentFiles, head_segment, write_layer
from lading.image.tree_parts import PlannedParts, TreePart
from lading.image.tree_segment import rewrite_segment


def write_parts_layer(
    plan: PlannedParts,
    parts: Sequence[TreePart],
    compressor: LayerCompressor,
    output: Path,
    created_by: str,
) -> Layer:
    """Write the blob of the layer that `plan` makes of `parts`. Segments of which nothing is left
    out are taken as they are compressed already."""
    partial = output.with_name(output.name + ".partial")
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch, partial.open("wb") as file:
        segments = [
            part.files
            if places is None
            else _rewritten(part, places, compressor, Path(scratch) / str(number))
            for number, (part, places) in enumerate(zip(parts, plan.places))
        ]
        layer = write_layer(head_segment(plan.head), segments, compressor, file, created_by)
    os.replace(partial, output)
    return layer


def write_descriptions(layer: Layer, tree: ImageTree, description: Path, tree_file: Path) -> None:
    """The two documents that lie beside a layer's blob."""
    text = json.dumps(layer.to_dict(), sort_keys=True, indent=2) + "\n"
    description.write_text(text, encoding="utf-8")
    tree_file.write_text(tree.to_json(), encoding="utf-8")


def _rewritten(
    part: TreePart, places: Mapping[str, str], compressor: LayerCompressor, scratch: Path
) -> SegmentFiles:
    files = SegmentFiles(scratch.with_suffix(".tar"), scratch.with_suffix(".compressed"))
    with files.segment.open("wb") as segment:
        rewrite_segment(part.files.segment, places, segment)
    with files.segment.open("rb") as tar, files.compressed.open("wb") as compressed:
        compressor.compress(tar, compressed)
    return files
