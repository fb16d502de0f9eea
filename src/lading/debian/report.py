"""What is told of Debian packages in an image, above all what no maintainer script has done."""

import json
import posixpath
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Set

from lading.debian.installed_package import InstalledPackage
from lading.debian.scripts.after_install import AFTER_INSTALL
from lading.debian.scripts.maintainer_scripts import ScriptEffects


def report_json(
    packages: Iterable[InstalledPackage],
    effects: Mapping[str, ScriptEffects],
    paths: Iterable[str],
    left_to_run: Mapping[str, List[str]],
) -> str:
    """`effects` are by name of the package, and so are the programs of `left_to_run`; `paths` is
    all that lies in the image."""
    ordered = sorted(packages, key=lambda package: package.name)
    directories = {f"/{parent}" for path in paths for parent in _parents(path)}
    described = [
        _describe(
            package,
            effects.get(package.name, ScriptEffects()),
            directories,
            left_to_run.get(package.name, []),
        )
        for package in ordered
    ]
    return json.dumps(described, indent=2) + "\n"


def _describe(
    package: InstalledPackage, effects: ScriptEffects, directories: Set[str], triggers: List[str]
) -> Dict[str, Any]:
    """`not_run` has the commands of its scripts that would change something, `temporary` what
    systemd-tmpfiles would make, `triggers` the directories with files that it would be told of,
    after those that are given; absent if empty."""
    fields: Dict[str, Any] = {
        "name": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "temporary": list(package.temporary),
    }
    if package.name not in AFTER_INSTALL:
        fields["not_run"] = {script: list(lines) for script, lines in effects.not_run.items()}
        triggers = [*triggers, *(name for name in package.interests if name in directories)]
    fields["triggers"] = triggers
    return {key: value for key, value in fields.items() if value}


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
