"""Debian packages that an image has before ours are put on it."""

import re
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from lading.debian.deb822 import paragraphs
from lading.debian.installed_package import InstalledPackage
from lading.debian.version import compare_versions
from lading.errors import LadingError

# dpkg(1), package states: of these nothing but configuration is there.
_ABSENT = frozenset(("not-installed", "config-files"))

# Debian policy 7.1; `<` and `>` are old forms of `<=` and `>=`.
_RELATION = re.compile(
    r"\s*([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^)\s]+)\s*\))?"
)
_ALLOWS: Mapping[str, Callable[[int], bool]] = {
    "<<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "<": lambda order: order <= 0,
    "=": lambda order: order == 0,
    ">": lambda order: order >= 0,
    ">=": lambda order: order >= 0,
    ">>": lambda order: order > 0,
}

_Relation = Tuple[str, str, str]


def base_packages(status: str, architecture: str) -> Dict[str, str]:
    """Versions by name of what a dpkg database says is installed, of this architecture or of
    `all`."""
    found = {}
    for fields in paragraphs(status):
        is_there = fields.get("status", "").rpartition(" ")[2] not in _ABSENT
        fits = fields.get("architecture", "all") in (architecture, "all")
        if is_there and fits and "package" in fields and "version" in fields:
            found[fields["package"]] = fields["version"]
    return found


def check_kept(packages: Iterable[InstalledPackage], kept: Mapping[str, str]) -> None:
    """LadingError if one of `packages` needs another version of a package that is `kept` as the
    base has it, by name."""
    for package in packages:
        for alternatives in _dependencies(package):
            unmet = [relation for relation in alternatives if _is_met(relation, kept) is False]
            if len(unmet) == len(alternatives):
                name, operator, version = unmet[0]
                raise LadingError(
                    f"the base has {name} {kept[name]}, but {package.name} {package.version} needs "
                    f"{name} ({operator} {version}). Use a base of the same release as the "
                    "`debian_lock`, and as new."
                )


def _is_met(relation: _Relation, kept: Mapping[str, str]) -> Optional[bool]:
    """None if that does not depend on the base."""
    name, operator, version = relation
    if name not in kept:
        return None
    return not operator or _ALLOWS[operator](compare_versions(kept[name], version))


def _dependencies(package: InstalledPackage) -> Iterator[List[_Relation]]:
    """What is needed, each as what would do."""
    for fields in paragraphs(package.control):
        for field in ("pre-depends", "depends"):
            for group in fields.get(field, "").split(","):
                matches = map(_RELATION.match, group.split("|"))
                alternatives = [(m[1], m[2] or "", m[3] or "") for m in matches if m]
                if alternatives:
                    yield alternatives
