"""Debian packages that an image has before Lading adds its own."""

from dataclasses import replace
from typing import Dict, Iterable, Iterator, Mapping, Optional

from lading.debian.installed_package import InstalledPackage
from lading.debs.deb822 import paragraphs
from lading.debs.relation import Alternatives, Relation, parse_relations
from lading.values.errors import LadingError

# dpkg(1), package states: in these at most configuration files exist.
_ABSENT = frozenset(("not-installed", "config-files"))


def base_packages(status: str, architecture: str) -> Dict[str, str]:
    """Versions, by name, of the packages that a dpkg database lists as installed, for this
    architecture or for `all`."""
    found = {}
    for fields in paragraphs(status):
        is_there = fields.get("status", "").rpartition(" ")[2] not in _ABSENT
        fits = fields.get("architecture", "all") in (architecture, "all")
        if is_there and fits and "package" in fields and "version" in fields:
            found[fields["package"]] = fields["version"]
    return found


def check_kept(packages: Iterable[InstalledPackage], kept: Mapping[str, str]) -> None:
    """Raises LadingError if one of `packages` needs another version of a package that is `kept` as
    the base has it; `kept` is by name."""
    for package in packages:
        for alternatives in _dependencies(package):
            unmet = [relation for relation in alternatives if _is_met(relation, kept) is False]
            if len(unmet) == len(alternatives):
                name, needed = unmet[0].name, replace(unmet[0], qualifier="")
                raise LadingError(
                    f"the base has {name} {kept[name]}, but {package.name} {package.version} "
                    f"needs {needed}. Use a base of the same release as the `debian_lock`, and at "
                    "least as recent."
                )


def _is_met(relation: Relation, kept: Mapping[str, str]) -> Optional[bool]:
    """None if the base does not affect the answer."""
    return relation.allows(kept[relation.name]) if relation.name in kept else None


def _dependencies(package: InstalledPackage) -> Iterator[Alternatives]:
    for fields in paragraphs(package.control):
        for field in ("pre-depends", "depends"):
            yield from parse_relations(package.name, fields.get(field, ""))
