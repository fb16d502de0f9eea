"""What `run_as_root_main` runs, and in which image."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Mapping, Tuple

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

    def to_json(self) -> str:
        fields: Dict[str, Any] = {
            "commands": self.commands,
            "layers": list(self.layers),
            "tree": self.tree,
            "packages": [asdict(package) for package in self.packages],
            "contents": [str(path) for path in self.contents],
            "env": dict(self.env),
        }
        return json.dumps(fields, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "RunAsRootRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            commands=fields["commands"],
            layers=tuple(fields["layers"]),
            tree=fields["tree"],
            packages=tuple(map(InputPackage.from_dict, fields["packages"])),
            contents=tuple(map(StorePath.parse, fields["contents"])),
            env=fields["env"],
        )
