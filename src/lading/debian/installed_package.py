"""A Debian package as it lies in an image, besides its files."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Mapping, Tuple

from lading.debian.maintainer_scripts import Alternative


@dataclass(frozen=True)
class InstalledPackage:
    """`control` is the paragraph that describes it, ending in a newline. `conffiles` are paths
    without leading slash with their MD5, `md5sums` those of all files that are in the image.

    `replaces` names packages whose files it may take. `not_run` has by script the lines that would
    change something, `temporary` the directories that systemd-tmpfiles would make, as lines of
    tmpfiles.d(5), `interests` the triggers that other packages may set off.
    """

    name: str
    version: str
    architecture: str
    control: str
    multi_arch_same: bool
    conffiles: Tuple[Tuple[str, str], ...]
    md5sums: Tuple[Tuple[str, str], ...]
    replaces: Tuple[str, ...]
    alternatives: Tuple[Alternative, ...]
    not_run: Mapping[str, Tuple[str, ...]]
    temporary: Tuple[str, ...]
    interests: Tuple[str, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "InstalledPackage":
        fields: Dict[str, Any] = json.loads(text)
        alternatives = tuple(_alternative(fields) for fields in fields.pop("alternatives"))
        not_run = {script: tuple(lines) for script, lines in fields.pop("not_run").items()}
        for key in ("conffiles", "md5sums"):
            fields[key] = tuple((path, digest) for path, digest in fields[key])
        for key in ("replaces", "temporary", "interests"):
            fields[key] = tuple(fields[key])
        return cls(alternatives=alternatives, not_run=not_run, **fields)


def _alternative(fields: Dict[str, Any]) -> Alternative:
    slaves = tuple((link, name, path) for link, name, path in fields.pop("slaves"))
    return Alternative(slaves=slaves, **fields)
