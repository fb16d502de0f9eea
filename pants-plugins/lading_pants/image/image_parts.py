"""Layers of trees of files, each of which is compressed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from pants.engine.fs import EMPTY_DIGEST, AddPrefix, Digest, MergeDigests
from pants.engine.rules import Get, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.layers.part_files import PartFiles
from lading.image.programs.parts_layer_main import PartsRequest
from lading.values.json_codec import to_json
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.image.image_layer import LAYER_FILES, TREE_FILE, BuiltLayer, read_layer_output
from lading_pants.store.realise import MEMBERS_FILE, SEGMENT_FILE

#: The files of a part, which are outputs of the programs that make parts.
COMPRESSED_FILE = "segment.tar.gz"
PART_FILES = (SEGMENT_FILE, COMPRESSED_FILE, MEMBERS_FILE)

_BASE = "base"


@dataclass(frozen=True)
class ImagePart:
    """`digest` has `PART_FILES`, and maybe more, in `directory`. Errors call the part `name`."""

    name: str
    directory: str
    digest: Digest

    @property
    def files(self) -> PartFiles:
        paths = (f"{self.directory}/{name}" for name in PART_FILES)
        return PartFiles(self.name, *paths)


@dataclass(frozen=True)
class PartsLayerRequest:
    """One layer of `parts` on top of `tree`; `created_by` is for the image's history. `taken` are
    paths that the image itself uses, which parts must not have."""

    parts: tuple[ImagePart, ...]
    tree: Digest
    created_by: str
    subject: str
    taken: tuple[str, ...] = ()


@rule
async def build_parts_layer(request: PartsLayerRequest, compressor: Compressor) -> BuiltLayer:
    base = await Get(Digest, AddPrefix(request.tree, _BASE))
    layer = PartsRequest(
        parts=tuple(part.files for part in request.parts),
        base_tree=f"{_BASE}/{TREE_FILE}" if request.tree != EMPTY_DIGEST else "",
        created_by=request.created_by,
        taken=request.taken,
    )
    outputs = (*LAYER_FILES, TREE_FILE)
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.parts_layer_main",
            request=to_json(layer),
            arguments=(COMPRESSOR, *outputs),
            inputs=await Get(Digest, MergeDigests((base, *_digests(request.parts)))),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=outputs,
            description=f"Making a layer: {request.created_by}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return await read_layer_output(result.digest)


def _digests(parts: Iterable[ImagePart]) -> list[Digest]:
    return [part.digest for part in parts]
