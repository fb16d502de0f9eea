"""The report about Debian packages in an image, especially what maintainer scripts would have
done."""

import posixpath
from typing import Iterable, Iterator, List, Mapping, Set, Tuple

from lading.debian.installed_package import InstalledPackage
from lading.debian.scripts.after_install import AFTER_INSTALL
from lading.debian.scripts.maintainer_scripts import ScriptEffects
from lading.image.image_description import DescribedDebian


def describe_packages(
    packages: Iterable[InstalledPackage],
    effects: Mapping[str, ScriptEffects],
    paths: Iterable[str],
    left_to_run: Mapping[str, List[str]],
) -> Tuple[DescribedDebian, ...]:
    """`effects` and the programs of `left_to_run` are by package name; `paths` are all paths in the
    image."""
    directories = {f"/{parent}" for path in paths for parent in _parents(path)}
    return tuple(
        _describe(
            package,
            effects.get(package.name, ScriptEffects()),
            directories,
            left_to_run.get(package.name, []),
        )
        for package in sorted(packages, key=lambda package: package.name)
    )


def _describe(
    package: InstalledPackage, effects: ScriptEffects, directories: Set[str], triggers: List[str]
) -> DescribedDebian:
    is_done = package.name in AFTER_INSTALL
    if not is_done:
        triggers = [*triggers, *(name for name in package.interests if name in directories)]
    return DescribedDebian(
        package.name,
        package.version,
        package.architecture,
        tuple(package.temporary),
        {} if is_done else {script: tuple(lines) for script, lines in effects.not_run.items()},
        tuple(triggers),
    )


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
