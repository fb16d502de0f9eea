"""The request of `run_main`."""

from dataclasses import dataclass
from typing import Tuple

from lading.engines.container_engine import Engine
from lading.image.programs.archive_request import LayerFiles


@dataclass(frozen=True)
class ImageRunRequest:
    """`config` and `manifest` are files of the image; `tags` are its full names, such as
    `redis:7.0.15`. All paths are below the sandbox.
    """

    engine: Engine
    config: str
    manifest: str
    tags: Tuple[str, ...]
    layers: Tuple[LayerFiles, ...]
    libzstd: str
