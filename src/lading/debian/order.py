"""The order in which packages are configured: dependencies come first."""

import re
from typing import Dict, Iterable, Iterator, List, Set

from lading.debian.installed_package import InstalledPackage
from lading.debs.deb822 import paragraphs

# No package depends on these by name, but all depend on what they create (Debian policy 3.8).
_FIRST = ("base-passwd", "base-files")


def in_order_of_dependence(packages: Iterable[InstalledPackage]) -> List[InstalledPackage]:
    """By name, but with dependencies first. Circles are cut at some point."""
    by_name = {package.name: package for package in packages}
    ordered: List[InstalledPackage] = []
    seen: Set[str] = set()
    needs: Dict[str, List[str]] = {
        name: [one for one in _needed(package) if one in by_name]
        for name, package in sorted(by_name.items())
    }
    for root in (*(name for name in _FIRST if name in by_name), *needs):
        pending = [(root, iter(needs[root]))]
        if root in seen:
            continue
        seen.add(root)
        while pending:
            name, others = pending[-1]
            other = next((one for one in others if one not in seen), None)
            if other is None:
                ordered.append(by_name[name])
                pending.pop()
            else:
                seen.add(other)
                pending.append((other, iter(needs[other])))
    return ordered


def _needed(package: InstalledPackage) -> Iterator[str]:
    for fields in paragraphs(package.control):
        for field in ("pre-depends", "depends"):
            for relation in re.split(r"[,|]", fields.get(field, "")):
                name = re.split(r"[\s(:]", relation.strip())[0]
                if name:
                    yield name
