"""What `run_as_root_main` runs, and in which image."""

from dataclasses import dataclass
from typing import Mapping, Tuple

from lading.store.request import InputPackage
from lading.values.path import StorePath


@dataclass(frozen=True)
class RunAsRootRequest:
    """`layers` are files, tar or gzip or zstd of it, lowest first; `tree` is the JSON of the
    `ImageTree` that they make.

    `packages` are the store packages of the image and of the tools, with all they need; where
    `layers` have them too, they are taken from here. The direct ones among them are the tools:
    their programs are on PATH, and the first of them that has a shell runs the commands. Next for
    a shell come `contents`. `env` goes before the variables that there always are.
    """

    commands: str
    layers: Tuple[str, ...]
    tree: str
    packages: Tuple[InputPackage, ...]
    contents: Tuple[StorePath, ...]
    env: Mapping[str, str]
