"""What `run_as_root_main` runs, and in which image."""

from dataclasses import dataclass
from typing import Mapping, Tuple

from lading.store.request import InputPackage
from lading.values.path import StorePath


@dataclass(frozen=True)
class RunAsRootRequest:
    """`layers` are files, lowest first: tar archives, plain or compressed with gzip or zstd. `tree`
    is the JSON of their `ImageTree`.

    `packages` are the store packages of the image and of the tools, with everything they need; they
    take precedence over copies in `layers`. The direct ones among them are the tools: their
    programs are on PATH, and the first that has a shell runs the commands. If none has, `contents`
    are searched for a shell. `env` comes before the variables that are always set.
    """

    commands: str
    layers: Tuple[str, ...]
    tree: str
    packages: Tuple[InputPackage, ...]
    contents: Tuple[StorePath, ...]
    env: Mapping[str, str]
