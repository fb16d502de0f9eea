"""The layers of an image as inputs of a program."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import (
    AddPrefix,
    Digest,
    MergeDigests,
)
from pants.engine.rules import Get, MultiGet
from pants.util.frozendict import FrozenDict

from lading.image.programs.archive_request import LayerFiles
from lading_pants.fetch.pinned_library import libzstd_inputs
from lading_pants.image.image_layer import DESCRIPTION_FILE, LAYER_FILE, ImageLayer

_DIRECTORY = "layers"


@dataclass(frozen=True)
class PlacedLayers:
    """Layers as inputs of a program, at the paths in `files`, in the given order.

    They come with `digest` or as `immutable_inputs`. `libraries` are immutable inputs that are
    needed in addition to `digest`.
    """

    files: tuple[LayerFiles, ...]
    libraries: FrozenDict[str, Digest]
    digest: Digest
    _numbered: Digest

    @property
    def blobs(self) -> tuple[str, ...]:
        return tuple(files.blob for files in self.files)

    @property
    def immutable_inputs(self) -> FrozenDict[str, Digest]:
        return FrozenDict({_DIRECTORY: self._numbered, **self.libraries})


async def place_layers(layers: tuple[ImageLayer, ...]) -> PlacedLayers:
    placed = await MultiGet(
        Get(Digest, AddPrefix(layer.digest, str(number))) for number, layer in enumerate(layers)
    )
    numbered = await Get(Digest, MergeDigests(placed))
    directories = [f"{_DIRECTORY}/{number}" for number in range(len(layers))]
    return PlacedLayers(
        tuple(
            LayerFiles(f"{directory}/{LAYER_FILE}", f"{directory}/{DESCRIPTION_FILE}")
            for directory in directories
        ),
        await libzstd_inputs(any(layer.description.is_zstd for layer in layers)),
        await Get(Digest, AddPrefix(numbered, _DIRECTORY)),
        numbered,
    )
