"""The request of the build program: the file that a Pants rule passes to the sandbox."""

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from lading.store.source import RequestedSource
from lading.values.path import StorePath


@dataclass(frozen=True)
class InputPackage:
    """A package of a build's input closure; `segment` is a file with the digest `sha256` (hex).

    A direct one is among the target's own `dependencies`: it gets search paths and a variable.
    """

    path: StorePath
    segment: str
    sha256: str
    direct: bool
    variable: str


@dataclass(frozen=True)
class RealiseRequest:
    """The inputs of a build. Paths of files are relative to the program's directory.

    `inputs` are the whole input closure: the direct ones first, in the target's order, then the
    others by store path. `debs` maps digests (hex) to files: the Debian packages of the build root.
    An empty `script` means the usual configure, make, make install.
    """

    path: StorePath
    script: str
    env: Mapping[str, str]
    strip: str
    source: Optional[RequestedSource]
    further_sources: Tuple[RequestedSource, ...]
    patches: Tuple[RequestedSource, ...]
    inputs: Tuple[InputPackage, ...]
    debs: Mapping[str, str]
    alternatives: Mapping[str, str]
