"""What the build program is asked to do: the file between the Pants rule and the sandbox."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

from lading.store.source import RequestedSource
from lading.values.path import StorePath


@dataclass(frozen=True)
class InputPackage:
    """A package of a build's input closure, as `segment`, a file with the digest `sha256` (hex).

    A direct one is in the target's own `dependencies`; it gets search paths and a variable.
    """

    path: StorePath
    segment: str
    sha256: str
    direct: bool
    variable: str

    @classmethod
    def from_dict(cls, fields: Dict[str, Any]) -> "InputPackage":
        return cls(
            path=StorePath(**fields["path"]),
            segment=fields["segment"],
            sha256=fields["sha256"],
            direct=fields["direct"],
            variable=fields["variable"],
        )


@dataclass(frozen=True)
class RealiseRequest:
    """What a build needs. Paths of files are relative to the program's directory.

    `inputs` are the whole input closure: the direct ones first, in the target's order, then the
    others by store path. `debs` maps digests (hex) to files: the Debian packages that the build
    root is made of. An empty `script` means the usual configure, make, make install.
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

    def to_json(self) -> str:
        fields = asdict(self)
        fields["env"] = dict(self.env)
        fields["debs"] = dict(self.debs)
        fields["alternatives"] = dict(self.alternatives)
        return json.dumps(fields, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "RealiseRequest":
        fields = json.loads(text)
        source = fields["source"]
        return cls(
            path=StorePath(**fields["path"]),
            script=fields["script"],
            env=fields["env"],
            strip=fields["strip"],
            source=RequestedSource.from_dict(source) if source else None,
            further_sources=tuple(map(RequestedSource.from_dict, fields["further_sources"])),
            patches=tuple(map(RequestedSource.from_dict, fields["patches"])),
            inputs=tuple(map(InputPackage.from_dict, fields["inputs"])),
            debs=fields["debs"],
            alternatives=fields["alternatives"],
        )
