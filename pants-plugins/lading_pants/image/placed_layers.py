"""The layers of an image as inputs of a program."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.fs import AddPrefix, Digest, MergeDigests
from pants.engine.rules import Get, MultiGet, collect_rules, rule

from lading.image.programs.archive_request import LayerFiles
from lading_pants.image.image_layer import DESCRIPTION_FILE, LAYER_FILE, ImageLayer


@dataclass(frozen=True)
class PlacedLayersRequest:
    layers: tuple[ImageLayer, ...]


@dataclass(frozen=True)
class PlacedLayers:
    """`digest` holds the layers, in the request's order where `files` says."""

    digest: Digest
    files: tuple[LayerFiles, ...]


@rule
async def place_layers(request: PlacedLayersRequest) -> PlacedLayers:
    directories = [f"layers/{number}" for number in range(len(request.layers))]
    layers = await MultiGet(
        Get(Digest, AddPrefix(layer.digest, directory))
        for layer, directory in zip(request.layers, directories)
    )
    return PlacedLayers(
        await Get(Digest, MergeDigests(layers)),
        tuple(
            LayerFiles(f"{directory}/{LAYER_FILE}", f"{directory}/{DESCRIPTION_FILE}")
            for directory in directories
        ),
    )


def rules():
    return collect_rules()
